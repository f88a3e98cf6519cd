package function

// Auth says who checks the callers.
type Auth string

// The ways of checking.
const (
	AuthKeys     Auth = "keys"     // Mayfly: keys, tokens, certificates
	AuthPlatform Auth = "platform" // the host or what stands in front of it
	AuthNone     Auth = "none"     // nobody
)
