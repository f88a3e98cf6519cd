// Package settings reads the YAML that operators write.
package settings

import (
	"errors"

	"github.com/goccy/go-yaml"
)

// Read reads a YAML text into a value. Its errors name line and column.
func Read(text []byte, into any, options ...yaml.DecodeOption) error {
	return Guard(func() error { return yaml.UnmarshalWithOptions(text, into, options...) })
}

// Guard makes an error of what the YAML package panics at, as a tag of no type
// where a list has to be.
func Guard(read func() error) (err error) {
	defer func() {
		if recover() != nil { // with a text that may hold a secret
			err = errors.New("this is no YAML that can be read: is there a tag, an anchor or an alias that means nothing?")
		}
	}()
	return read()
}
