package queue

import "errors"

// Mode says which messages of a source are queued.
type Mode string

// The modes; ModeDefault is that of DURABLE.
const (
	ModeDefault  Mode = ""
	ModeNever    Mode = "never"    // none: the answer is the hub's
	ModeFallback Mode = "fallback" // those that the hub does not take in time, and may take later
	ModeAlways   Mode = "always"   // all: the answer is the queue's
)

// UnmarshalText reads a mode.
func (m *Mode) UnmarshalText(text []byte) error {
	switch mode := Mode(text); mode {
	case ModeNever, ModeFallback, ModeAlways:
		*m = mode
		return nil
	case ModeDefault:
	}
	return errors.New("want never, fallback or always")
}
