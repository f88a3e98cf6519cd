// Package bench has the commands that measure Mayfly. Most compare two programs in one run, so the result is a ratio
// that does not depend on the machine.
//
//	go run ./bench/warm   CPU per message: bootstrap against a minimal forwarder
//	go run ./bench/warm -batch 100
//	                      CPU per message: one request of 100 messages against single requests
//	go run ./bench/warm -auth
//	                      CPU per message: callers with keys against AUTH=none
//	go run ./bench/dev    mayfly dev: requests per second, what recording costs, memory
//	go run ./bench/durable
//	                      messages per second and p99: a file queue first against the hub first
//	go run ./bench/outage [-queue nats] [-kills 20] [-seed 17]
//	                      a hub that is down, processes that are killed: nothing acknowledged is lost
//	go run ./bench/slow   what 2,000 senders that never finish do to one that does
//	go run ./bench/mutate -n 100000
//	                      random and mutated requests: no crash, no status that is not documented
//	go test ./function/internal/lookup -run '^$' -bench Hit
//	                      a look-up whose answer is kept
//	go run ./bench/cold   start to first GET .../next: bootstrap against an empty Lambda function
//
// Some things are measured by benchmarks beside the code:
//
//	go test ./transform/table -run '^$' -bench Row      a row of a table of 10 to 1,000,000 rows
//	go test ./transform/reduce -run '^$' -bench Apply   a hundred readings that become two messages
//
// Each command is a package of its own; process starts what they measure.
package bench
