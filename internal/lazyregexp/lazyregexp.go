package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that compiles expr when it is called for the first time. It panics then if expr is wrong.
func New(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
