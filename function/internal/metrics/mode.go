package metrics

import "errors"

// Mode says what becomes of metrics beside /metrics and exports over OTLP.
type Mode string

// The modes; ModeDefault adds nothing.
const (
	ModeDefault Mode = ""
	ModeEMF     Mode = "emf" // lines of CloudWatch's embedded metric format in the log
	ModeOff     Mode = "off" // nothing is counted
)

// UnmarshalText reads a mode.
func (m *Mode) UnmarshalText(text []byte) error {
	switch mode := Mode(text); mode {
	case ModeDefault, ModeEMF, ModeOff:
		*m = mode
		return nil
	}
	return errors.New("want emf or off")
}
