// Package codec decodes the payload bytes of devices: by JavaScript payload
// formatters (LoRa Alliance TS013 and what was before it), as Cayenne LPP, or by a
// Sigfox grammar.
//
// Scripts are bounded in time and memory, and see no files and no network. Every
// message has a fresh VM. Which codec a device needs is not decided here.
//
// Start reading at [New]. script.go compiles a script, script_run.go runs it under
// watch, script_value.go reads what it gives.
package codec
