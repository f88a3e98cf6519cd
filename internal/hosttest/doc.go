// Package hosttest holds stand-ins for the two clouds that call Mayfly: a
// Lambda Runtime API ([StartRuntimeAPI]) with the events and answers of
// everything that can stand before a function ([Fronts]), and an imitation of
// the Azure Functions host ([StartFunctionsHost]).
//
// They are doubles, written from the platforms' documentation and the hosts'
// sources. Where a double must choose, it is the stricter one: an answer that
// a front would only tolerate fails here.
//
// The package knows nothing of Mayfly, so that any test may use it.
package hosttest
