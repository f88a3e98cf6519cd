// Package nonfinite makes JSON of what small devices write for it when a sensor gives no
// number: {"temp":nan,"humidity":48}. JSON has no NaN and no infinities (RFC 8259 section 6),
// but MicroPython, Python and the printf of C write them.
//
// [Blank] is for a text that a strict reader has refused. It checks nothing else: what it
// gives back goes to the strict reader again.
package nonfinite
