package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/emulator/console"
)

// shelf is a queue with one dead letter.
type shelf struct {
	err  error
	done []string
}

func (s *shelf) Status(_ context.Context, letters int) (console.QueueStatus, error) {
	at := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)
	return console.QueueStatus{
		Name: "file:/tmp/q", Items: 7, Oldest: at, Dead: 1, Now: at.Add(time.Minute),
		Letters: []console.DeadLetter{
			{ID: "id/1", Device: "d-1", Reason: json.RawMessage(`{"code":"c"}`)},
		}[:min(letters, 1)],
	}, s.err
}

func (s *shelf) Replay(_ context.Context, id string) error {
	s.done = append(s.done, "replay "+id)
	return s.err
}

func (s *shelf) Drop(_ context.Context, id string) error {
	s.done = append(s.done, "drop "+id)
	return s.err
}

func TestQueue(t *testing.T) {
	t.Parallel()
	q := &shelf{}
	_, page := newConsole(t, console.Options{Queue: q})
	info := decode[struct{ Queue bool }](t, ask(t, page, http.MethodGet, "/console/info", ""))
	status := decode[console.QueueStatus](t, ask(t, page, http.MethodGet, "/console/queue", ""))
	if !info.Queue || status.Items != 7 || status.Dead != 1 || len(status.Letters) != 1 {
		t.Errorf("info %+v, status %+v", info, status)
	}
	for _, what := range []string{"replay", "drop"} {
		if w := ask(t, page, http.MethodPost, "/console/queue/id%2F1/"+what, ""); w.Code != http.StatusNoContent {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
		if w := ask(t, page, http.MethodGet, "/console/queue/id%2F1/"+what, ""); w.Code < 400 {
			t.Errorf("GET changes the queue: %d", w.Code)
		}
		w := ask(t, page, http.MethodPost, "/console/queue/id%2F1/"+what, "", "Origin", "http://other.example")
		if w.Code != http.StatusForbidden {
			t.Errorf("another origin changes the queue: %d", w.Code)
		}
	}
	if got := strings.Join(q.done, ", "); got != "replay id/1, drop id/1" {
		t.Errorf("done: %s", got)
	}
	q.err = errors.New("the disk is full")
	for target, want := range map[string]int{"GET /console/queue": 502, "POST /console/queue/x/drop": 409} {
		method, path, _ := strings.Cut(target, " ")
		w := ask(t, page, method, path, "")
		if w.Code != want || !strings.Contains(w.Body.String(), "the disk is full") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

func TestNoQueue(t *testing.T) {
	t.Parallel()
	_, page := newConsole(t, console.Options{})
	if info := decode[struct{ Queue bool }](t, ask(t, page, http.MethodGet, "/console/info", "")); info.Queue {
		t.Error("the page shows a queue that does not exist")
	}
	if w := ask(t, page, http.MethodGet, "/console/queue", ""); w.Code != http.StatusNotFound {
		t.Errorf("status %d, want 404", w.Code)
	}
}
