// Command mutate sends random and mutated requests to the built binary and watches it from outside: it must not exit,
// must answer with documented statuses only, and must not keep goroutines. It does not check what an answer says; the
// tests of package function do.
//
//	go run ./bench/mutate -n 100000 -seed 1
package main
