// Package recorder keeps the last requests that came in to mayfly dev, whatever became of them, and shows them by an
// HTTP API: docs/emulator.md describes it.
//
// A [Recorder] stands around three things. [Recorder.Handler] takes a copy of each request and its answer,
// [Recorder.Transport] takes note of the calls that are made for it, and [Recorder.Finished] is told what the bridge
// made of it. What costs more, such as the value of each expression, is worked out when somebody looks: see explain.go.
// A nil Recorder records nothing and costs nothing.
//
// What is kept has a bound in number and in bytes. Credentials stay in memory, so that a request can be sent again;
// what is shown or exported has placeholders in their place: see package hidden.
//
// It draws nothing: package console has the page. Start reading at [Recorder].
package recorder
