// Command warm measures the CPU time that bootstrap takes for a message of a known
// device, beside the least possible forwarder (bench/yardstick), and prints the
// ratio. Both are processes of their own that send to the same emulator; their own
// user and system time is counted. It does not measure latency.
//
//	go run ./bench/warm
package main
