// Command durable measures durable mode: messages per second and the time of an answer where every message goes to the
// hub first (DURABLE=never), and where every message goes into a file queue first (DURABLE=always) and is delivered
// from there meanwhile. Both run on the same machine, in turns, with the senders and the emulator beside them; so the
// result is a ratio. The queue has to be empty at the end.
//
//	go run ./bench/durable [-n 20000] [-rounds 3] [-senders 16] [-dir DIR]
//
// Start reading at run.
package main
