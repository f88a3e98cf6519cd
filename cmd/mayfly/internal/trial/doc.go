// Package trial is what becomes of a request before it is sent: what its source makes of it, and what the device
// templates make of that. It sends nothing. Start at Of.
package trial
