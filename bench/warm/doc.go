// Command warm measures the CPU time that bootstrap takes for a message of a known device, compares it with a minimal
// forwarder (bench/yardstick), and prints the ratio. Both run as processes that send to the same emulator; their user
// and system time is counted. It does not measure latency.
//
//	go run ./bench/warm
package main
