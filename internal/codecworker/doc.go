// Package codecworker runs the JavaScript codecs of sources in worker processes
// of the same binary, so that a script or a payload that takes all the memory it
// can get, or never ends, costs one message and nothing else.
//
// It evaluates expressions of mappings likewise, those that package mapping does not
// evaluate in the process ([Pool.Evaluate]): gojq has functions that cannot be interrupted
// and that take any memory.
//
// A [Pool] is a [codec.Engine] and a [mapping.Machine]. It starts a process when a script or a message
// needs one, at most [Options.Workers] of them. A process works on one message
// at a time and keeps the compiled programs of several scripts, but runs each
// message in a fresh VM, as the engine inside the process does. It has no
// environment, no descriptors but its three pipes, and / as its directory.
//
// A worker is the binary itself, started with [Argument] as its first argument:
//
//	bootstrap codec-worker 67108864
//
// So the first statement of main must be [Main], which does not return in a
// worker. That command is not for people: it reads frames from its standard
// input (frame.go, wire.go) and ends with it. Nothing outlives the parent, even
// one that was killed.
//
// Three things bound a message, each in case the one before does not hold:
//
//   - the engine in the worker interrupts the script after its time
//     ([codec.MaxScriptTime]) or when its heap has grown too much, and answers
//     with an error. It then ends itself if anything of the script may be left;
//   - the worker's memory: a limit on its data that the kernel keeps (Linux), and
//     a watch that ends the process (everywhere);
//   - the parent kills a worker that has not answered after [MaxMessageTime].
//
// Starting a worker and compiling a script are not charged to the message's time.
// They have bounds of their own.
//
// What the script is at fault for is a [codec.Error] of kind Timeout, Memory or
// Threw, as from the engine inside the process. A worker that cannot be started,
// does not speak the protocol, or was killed from outside gives one of kind
// Unavailable.
//
// Start reading at pool.go; process.go has one worker seen from outside, serve.go
// from inside.
package codecworker
