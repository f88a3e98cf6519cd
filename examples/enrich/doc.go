// Command enrich is a small weather service, so that the example of enrichment in this folder runs without an account
// anywhere. mayfly.yaml has the site of each device from assets.csv, and the weather of the site from this service.
//
//	go run ./examples/enrich
//	CONFIG=examples/enrich/mayfly.yaml go run ./cmd/mayfly dev
//	curl http://127.0.0.1:7071/api/telemetry -H 'Content-Type: application/json' \
//	  -d '{"device":{"deviceId":"tank-1"},"measurements":{"level":0.71}}'
//
// Without the service, its answers are those of the samples:
//
//	echo '{"id":"tank-1","level":0.71}' |
//	  go run ./cmd/mayfly try tanks - --offline --config examples/enrich/mayfly.yaml
//
// The service is a double: its weather is made up, and the same every day. Start reading at mayfly.yaml.
package main
