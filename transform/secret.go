package transform

import "fmt"

// Secret is a secret of a configuration, or a reference to one. It cannot be
// printed.
type Secret struct{ text func() string } // a function, because fmt looks into private fields

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal gives the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// UnmarshalText takes the text from a file.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

const redacted = "[redacted]"

// Format keeps the secret out of every fmt verb.
func (Secret) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalText keeps the secret out of JSON, YAML and logs.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
