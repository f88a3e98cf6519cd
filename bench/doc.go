// Package bench holds the figures that Mayfly is held to, and the commands that
// repeat them. Each compares two programs in one run, so that the machine
// cancels out.
//
//	go run ./bench/warm   CPU per message: bootstrap against the least forwarder
//	go run ./bench/warm -batch 100
//	                      CPU per message: one request of 100 against single requests
//	go run ./bench/warm -auth
//	                      CPU per message: callers with keys against AUTH=none
//	go run ./bench/slow   what 2,000 senders that never finish do to one that does
//	go run ./bench/mutate -n 100000
//	                      random and mutated requests: no crash, no status that is not documented
//	go run ./bench/cold   start to first GET .../next: bootstrap against an empty Lambda
package bench
