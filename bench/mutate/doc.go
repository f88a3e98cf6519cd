// Command mutate sends random and mutated requests to the built binary and looks at
// it from outside: it must not exit, must answer documented statuses only, and must
// have no more goroutines at the end than at the start. It does not judge what an
// answer says; the tests of package function do.
//
//	go run ./bench/mutate -n 100000 -seed 1
package main
