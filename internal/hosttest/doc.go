// Package hosttest has doubles of the two clouds that call Mayfly: a Lambda Runtime API ([StartRuntimeAPI]) with the
// events and answers of everything that can be in front of a function ([Fronts]), and an imitation of the Azure
// Functions host ([StartFunctionsHost]). [StartGoaws] runs a server of Amazon SQS that others have written, and
// [StartGate] keeps the address of a server that comes and goes.
//
// They are written from the platforms' documentation and the hosts' sources. Where a double has a choice, it is strict:
// an answer that a front would only tolerate fails here.
//
// The package does not know Mayfly, so any test may use it. It does not check keys, restart processes or enforce
// deadlines.
//
// Start reading in fronts.go for Lambda, and in functionshost.go for Azure Functions.
package hosttest
