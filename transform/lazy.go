package transform

import (
	"regexp"
	"sync"
)

// lazy compiles a regular expression when it is first used. A cold start needs
// none of them, and all of them together cost it more than all else here.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
