// Package settings reads the YAML that operators write.
package settings

import (
	"bytes"
	"errors"
	"io"

	"github.com/goccy/go-yaml"
)

// Read reads a YAML text of one document into a value; into nothing, where there is
// none. Its errors name line and column.
func Read(text []byte, into any, options ...yaml.DecodeOption) error {
	return Guard(func() error {
		documents := yaml.NewDecoder(bytes.NewReader(text), options...)
		if err := documents.Decode(into); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var more any
		if err := documents.Decode(&more); !errors.Is(err, io.EOF) && (err != nil || more != nil) {
			return errors.New("there is a second document after ---, which would not be read")
		}
		return nil
	})
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
