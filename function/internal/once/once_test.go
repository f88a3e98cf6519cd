package once

import (
	"strconv"
	"testing"
)

func TestFirst(t *testing.T) {
	t.Parallel()
	var s Set
	if !s.First("a") || s.First("a") || !s.First("b") {
		t.Error("a key is not told once")
	}
	for i := range 2 * maxKeys {
		s.First(strconv.Itoa(i))
	}
	if len(s.seen) > maxKeys || s.First("new") {
		t.Errorf("%d keys are held", len(s.seen))
	}
}
