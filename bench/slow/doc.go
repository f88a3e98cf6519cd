// Command slow measures what many senders that never finish their requests do to one that does: its p50 and p99 with
// and without them, and the memory of the process. Everything stays on the loopback interface.
//
//	go run ./bench/slow -n 2000 -for 60s
package main
