package deadletters_test

import (
	"context"
	"encoding/json"
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

// TestMoreThanAtOnce: who wants all is told where some are left.
func TestMoreThanAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		letters int
		json    bool
		asked   string
		want    string
	}{
		{9_999, false, "drop all 9999 dead letters of file:q?", "9999 dead letters dropped\n"},
		{10_001, false, "drop the first 10000 dead letters of file:q (there may be more)?",
			"10000 dead letters dropped\nthere may be more: run it again\n"},
		{10_001, true, "drop the first 10000 dead letters of file:q (there may be more)?",
			"{\n  \"dropped\": 10000,\n  \"failed\": [],\n  \"more\": true\n}\n"},
	} {
		var out strings.Builder
		asked := ""
		tool := &deadletters.Tool{Letters: &shelf{list: make([]function.DeadLetter, tt.letters)}, Queue: "file:q",
			Out: &out, JSON: tt.json, Confirm: func(question string) bool { asked = question; return true }}
		if err := tool.Drop(t.Context(), nil, true); err != nil || asked != tt.asked || out.String() != tt.want {
			t.Errorf("%d: asked %q, told %q, %v", tt.letters, asked, out.String(), err)
		}
	}
}

// TestForeignText: what somebody has sent neither moves the cursor nor turns the direction of writing.
func TestForeignText(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	letter := function.DeadLetter{ID: "a\x1b[2J", Reason: []byte("b\u2066c\r")}
	letter.Item.Key = "d\u202e1\n"
	tool := &deadletters.Tool{Queue: "file:q", Out: &out, Letters: &shelf{list: []function.DeadLetter{letter}}}
	if err := tool.List(t.Context(), 10); err != nil || strings.ContainsAny(out.String(), "\x1b\r\u202e\u2066") ||
		strings.Count(out.String(), "\n") != 2 {
		t.Errorf("%v %q", err, out.String())
	}
}

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

// TestMessageID: a dead letter is known by the id that the hub would have seen.
func TestMessageID(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ data, want string }{
		"an entry":              {`{"v":1,"entry":{"device":"dev-1","messageId":"m-7","body":{}}}`, "m-7"},
		"one of a later format": {`{"v":9,"entry":"AAEC"}`, ""},
		"no entry":              {`7`, ""},
		"not JSON":              {"\xff", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			letter := function.DeadLetter{ID: "1"}
			letter.Item.ID, letter.Item.Data = "d025be2e9dbc316f73c6136230359032", []byte(tt.data)
			tool := &deadletters.Tool{Letters: &shelf{list: []function.DeadLetter{letter}}, Out: &out, JSON: true}
			if err := tool.List(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			var rows []struct{ MessageID string }
			if err := json.Unmarshal([]byte(out.String()), &rows); err != nil || rows[0].MessageID != tt.want {
				t.Errorf("%v: %s", err, out.String())
			}
		})
	}
}
