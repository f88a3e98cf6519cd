package tool

import (
	"cmp"
	"fmt"
	"strings"

	"mayfly/function"
	"mayfly/transform"
)

// Source gives a source by its name: a built-in one, or one of the configuration file, which is that of CONFIG where
// config is empty.
func (w *World) Source(config, name string) (*transform.Source, error) {
	t, _, err := function.LoadSources(cmp.Or(config, w.Getenv("CONFIG")), function.WithCodecs(w.Codecs))
	if err != nil {
		return nil, err
	}
	source, err := t.Source(name)
	if source == nil && err == nil {
		err = fmt.Errorf("unknown source %q; want one of %s", name, strings.Join(t.SourceNames(), ", "))
	}
	return source, err
}
