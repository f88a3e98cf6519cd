package policy

// Mode says who checks the callers.
type Mode string

// The ways of checking.
const (
	ModeKeys     Mode = "keys"     // Mayfly: keys, tokens, certificates
	ModePlatform Mode = "platform" // the host or what stands in front of it
	ModeNone     Mode = "none"     // nobody
)
