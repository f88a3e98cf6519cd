package transform

import (
	"maps"
	"slices"

	"mayfly/transform/mapping"
)

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
	add := func(name string, e mapping.Expr) {
		if e.Line == 0 && e.File == "" { // as prepare leaves them
			return
		}
		for _, part := range mapping.RequestParts(e) {
			reads = append(reads, Read{name, part})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Let)) {
		add("let."+name, d.Let[name])
	}
	for _, f := range fields(d, &expressions{}) {
		if f.text != &d.Detect {
			add(f.name, *f.text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Properties)) {
		add("properties."+name, d.Properties[name])
	}
	return reads
}
