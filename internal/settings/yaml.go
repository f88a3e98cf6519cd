package settings

import (
	"bytes"
	"errors"
	"io"

	"github.com/goccy/go-yaml"
)

// Read decodes a YAML text of at most one document into a value, which stays as it is
// when there is none. Its errors name line and column.
func Read(text []byte, into any, options ...yaml.DecodeOption) error {
	return Guard(func() error {
		documents := yaml.NewDecoder(bytes.NewReader(text), options...)
		if err := documents.Decode(into); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var more any
		if err := documents.Decode(&more); !errors.Is(err, io.EOF) && (err != nil || more != nil) {
			return errors.New("a second document after --- would not be read: use one document")
		}
		return nil
	})
}

// Guard turns a panic of the YAML package into an error. The package panics, for
// example, at a tag without a type in the place of a list.
func Guard(read func() error) (err error) {
	defer func() {
		if recover() != nil { // what it panics with may hold a secret
			err = errors.New("this YAML cannot be read: look for a tag, an anchor or an alias without a meaning")
		}
	}()
	return read()
}
