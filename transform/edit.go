package transform

import (
	"mayfly/transform/message"
	"mayfly/transform/sources"
)

// BuiltinText gives the YAML of a built-in source, for those who want to change
// it; false when there is none of that name.
func BuiltinText(name string) ([]byte, bool) { return sources.Text(name) }

// Compile makes a source of a definition that is not built in, or tells all that
// is wrong with it.
func (t *Transformer) Compile(d *Definition) (*Source, error) {
	s, err := t.compile(d)
	if err != nil {
		return nil, err
	}
	if fault := s.tooWide(); fault != nil {
		return nil, message.Faults{fault}
	}
	return s, nil
}
