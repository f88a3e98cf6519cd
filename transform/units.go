package transform

// Units says which units of measurement a sender uses, and whether they are
// turned into SI.
type Units string

// The ways of units.
const (
	// UnitsImperial: the sender's are imperial; the query parameter units=si turns
	// a request's readings into SI.
	UnitsImperial Units = "imperial"
	// UnitsSI: the sender's are imperial, and turned into SI always.
	UnitsSI Units = "si"
)
