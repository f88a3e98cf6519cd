// Command device is a complete device program: it finds its hub through DPS and sends one measurement.
//
//	ID_SCOPE=0ne00000000 DEVICE_ID=sensor-1 DEVICE_KEY=... go run ./examples/device
//
// The device's key comes from its enrollment, or is derived from the group's key: mayfly keys derive sensor-1.
//
// It reads no sensor and does not retry for longer than a minute. Start reading at main.
package main
