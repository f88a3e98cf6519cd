package secret

import "fmt"

// Text is a secret as a configuration has it, or a reference to one. It cannot be
// printed.
type Text struct{ text func() string } // a function, because fmt looks into private fields

// NewText hides a text.
func NewText(text string) Text { return Text{func() string { return text }} }

// Reveal gives the text.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return t.text()
}

// UnmarshalText takes the text from a file.
func (t *Text) UnmarshalText(text []byte) error {
	*t = NewText(string(text))
	return nil
}

const redacted = "[redacted]"

// Format keeps the secret out of every fmt verb.
func (Text) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalText keeps the secret out of JSON, YAML and logs.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }
