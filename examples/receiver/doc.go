// Command receiver is a complete device program that receives: it finds its hub through DPS, takes the commands that
// wait for it there, tells the hub that it has them, and reports each as telemetry.
//
//	ID_SCOPE=0ne00000000 DEVICE_ID=sensor-1 DEVICE_KEY=... go run ./examples/receiver
//
// It asks once and ends. Microsoft asks devices to do so once in 25 minutes at most. Start reading at main.
package main
