// Command cold measures a cold start on Lambda: the time from exec to the first GET .../next at a Runtime API. It
// starts bootstrap and an empty aws-lambda-go program (bench/emptylambda), built in the same way, alternating, and
// prints the ratio of their medians. It does not measure the first request.
//
//	go run ./bench/cold -n 100
package main
