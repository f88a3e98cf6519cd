package deadletters_test

import (
	"context"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/deadletters"
	"mayfly/function"
)

// shelf is dead letters in memory.
type shelf struct {
	list     []function.DeadLetter
	replayed []string
}

func (s *shelf) List(_ context.Context, n int) ([]function.DeadLetter, error) {
	return s.list[:min(n, len(s.list))], nil
}

func (s *shelf) Replay(_ context.Context, id string) error {
	s.replayed = append(s.replayed, id)
	s.list = append(s.list, function.DeadLetter{ID: "again " + id}) // and it fails again
	return nil
}

func (s *shelf) Drop(context.Context, string) error { return nil }

// TestConfirm: all are replayed when the person says so, and each once.
func TestConfirm(t *testing.T) {
	t.Parallel()
	for _, agrees := range []bool{true, false} {
		s := &shelf{list: []function.DeadLetter{{ID: "a"}, {ID: "b"}}}
		asked := ""
		tool := &deadletters.Tool{Letters: s, Queue: "file:q", Out: &strings.Builder{}}
		tool.Confirm = func(question string) bool {
			asked = question
			return agrees
		}
		err := tool.Replay(t.Context(), nil, true)
		if asked != "replay all 2 dead letters of file:q?" {
			t.Errorf("asked %q", asked)
		}
		want := ""
		if agrees {
			want = "a b"
		}
		if got := strings.Join(s.replayed, " "); got != want || (err == nil) != agrees {
			t.Errorf("agrees %v: replayed %q, %v, want %q", agrees, got, err, want)
		}
	}
}
