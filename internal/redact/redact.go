package redact

import "fmt"

// Placeholder is what is shown in place of a secret.
const Placeholder = "[redacted]"

// Value holds a secret of type T. The zero value holds none.
type Value[T any] struct {
	// A function, because fmt and the packages that dump structures by reflection
	// look into private fields and follow pointers.
	reveal func() T
}

// New hides a secret.
func New[T any](secret T) Value[T] { return Value[T]{func() T { return secret }} }

// Reveal returns the secret, or T's zero value when v holds none.
func (v Value[T]) Reveal() T {
	if v.reveal == nil {
		var none T
		return none
	}
	return v.reveal()
}

// IsZero reports whether v holds no secret.
func (v Value[T]) IsZero() bool { return v.reveal == nil }

// Format keeps the secret out of every fmt verb.
func (Value[T]) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(Placeholder)) }

// MarshalText keeps the secret out of JSON, YAML and logs.
func (Value[T]) MarshalText() ([]byte, error) { return []byte(Placeholder), nil }
