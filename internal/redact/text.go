package redact

// Text is a secret as a configuration has it, or a reference to one. It cannot be
// printed.
type Text struct{ Value[string] }

// NewText hides a text.
func NewText(text string) Text { return Text{New(text)} }

// UnmarshalText takes the text from a file.
func (t *Text) UnmarshalText(text []byte) error {
	*t = NewText(string(text))
	return nil
}
