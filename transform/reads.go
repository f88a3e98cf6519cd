package transform

import "mayfly/transform/mapping"

// Read is a part of the request beside the body that an expression reads.
type Read struct {
	Field string // the expression, as in deviceId or properties.rssi
	mapping.RequestPart
}

// Reads lists what the expressions read of the request beside its body, but for detect,
// which decides nothing about a message. Those that come from a built-in source are not
// among them: they can do without.
func (d *Definition) Reads() []Read {
	var reads []Read
	d.each(func(field string, e mapping.Expr) mapping.Expr {
		if field == "detect" || e.Line == 0 && e.File == "" { // as prepare leaves built-in ones
			return e
		}
		for _, part := range mapping.RequestParts(e) {
			reads = append(reads, Read{field, part})
		}
		return e
	})
	return reads
}
