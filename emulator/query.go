package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const (
	maxConsoleWait = 5 * time.Minute
	heartbeat      = 15 * time.Second
)

// queryParameters are the parameters of GET /events and GET /calls.
var queryParameters = []string{"device", "hub", "op", "since", "after", "count", "wait", "format"}

// query is what GET /events and GET /calls accept.
type query struct {
	Filter
	count  int // 0: all
	wait   time.Duration
	ndjson bool
}

func (e *Emulator) parseQuery(r *http.Request) (q query, err error) {
	v := r.URL.Query()
	for name := range v {
		if !slices.Contains(queryParameters, name) {
			return q, badRequest{fmt.Errorf("unknown parameter %q: want one of %s", wire.Clip(name, 32),
				strings.Join(queryParameters, ", "))}
		}
	}
	q.Device, q.Hub, q.Op = v.Get("device"), v.Get("hub"), v.Get("op")
	if q.Since, err = e.parseSince(v.Get("since")); err != nil {
		return q, err
	}
	if s := v.Get("after"); s != "" {
		if q.After, err = strconv.ParseUint(s, 10, 64); err != nil {
			return q, badRequest{errors.New("after: want the seq of an event or a call")}
		}
	}
	if s := v.Get("count"); s != "" {
		if q.count, err = strconv.Atoi(s); err != nil || q.count < 1 {
			return q, badRequest{errors.New("count: want a number of at least 1")}
		}
	}
	if s := v.Get("wait"); s != "" {
		if q.wait, err = time.ParseDuration(s); err != nil || q.wait < 0 || q.wait > maxConsoleWait {
			return q, badRequest{fmt.Errorf("wait: want a duration up to %v, such as 5s", maxConsoleWait)}
		}
	}
	switch f := v.Get("format"); f {
	case "", "json":
		q.ndjson = f == "" && strings.Contains(r.Header.Get("Accept"), "application/x-ndjson")
	case "ndjson":
		q.ndjson = true
	default:
		return q, badRequest{errors.New("format: want json or ndjson")}
	}
	return q, nil
}

// parseSince reads a time, or a duration before now.
func (e *Emulator) parseSince(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return e.Now().Add(-d), nil
	}
	return time.Time{}, badRequest{errors.New(
		"since: want a time such as 2026-01-02T03:04:05Z, or a duration before now such as 5m")}
}

// getEvents answers with the events that match. With wait it first waits for count events, or for one; when there are
// fewer in the end, the header Mayfly-Missing says how many are missing. Without wait, count selects the newest.
func (e *Emulator) getEvents(w http.ResponseWriter, r *http.Request) {
	q, err := e.parseQuery(r)
	if err != nil {
		writeError(w, err)
		return
	}
	var events []Event
	if q.wait > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), q.wait)
		defer cancel()
		want := max(1, q.count)
		events, _ = e.WaitEventsWhere(ctx, q.Filter, want)
		if len(events) < want {
			w.Header().Set("Mayfly-Missing", strconv.Itoa(want-len(events)))
		}
	} else if events = e.EventsWhere(q.Filter); q.count > 0 && len(events) > q.count {
		events = events[len(events)-q.count:]
	}
	writeList(w, q.ndjson, events)
}

func (e *Emulator) getCalls(w http.ResponseWriter, r *http.Request) {
	q, err := e.parseQuery(r)
	if err != nil {
		writeError(w, err)
		return
	}
	calls := e.CallsWhere(q.Filter)
	if q.count > 0 && len(calls) > q.count {
		calls = calls[len(calls)-q.count:]
	}
	writeList(w, q.ndjson, calls)
}

func writeList[T any](w http.ResponseWriter, ndjson bool, list []T) {
	if !ndjson {
		if list == nil {
			list = []T{}
		}
		writeJSON(w, http.StatusOK, list)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, v := range list {
		if enc.Encode(v) != nil {
			return
		}
	}
}

// getStream sends each event and each call as it happens, as server-sent events named event and call. Entries that a
// slow reader has missed are counted in an event named gap. A reader that connects again with the Last-Event-ID of an
// event first gets the events that were stored since.
func (e *Emulator) getStream(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	s := e.record.Subscribe()
	defer s.Close()
	after, err := e.resume(w, r.Header.Get("Last-Event-ID"))
	if err != nil {
		return
	}
	if _, err := fmt.Fprint(w, ": connected\n\n"); err != nil || rc.Flush() != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			_, err = fmt.Fprint(w, ": heartbeat\n\n")
		case v := <-s.C:
			err = writeEntries(w, s, v, after)
		}
		if err != nil || rc.Flush() != nil {
			return
		}
	}
}

// resume writes the events after the one that id names and returns the sequence number of the last.
func (e *Emulator) resume(w io.Writer, id string) (after uint64, err error) {
	seq, ok := strings.CutPrefix(id, "event-")
	if !ok {
		return 0, nil
	}
	after, _ = strconv.ParseUint(seq, 10, 64) // an id that is not ours counts as 0: all events
	for _, ev := range e.EventsWhere(Filter{After: after}) {
		if err := sse(w, ev); err != nil {
			return 0, err
		}
		after = ev.Seq
	}
	return after, nil
}

// writeEntries writes v and all entries that are waiting behind it, so that one flush is enough for them.
func writeEntries(w io.Writer, s *record.Subscription, v any, after uint64) error {
	for {
		if ev, ok := v.(Event); !ok || ev.Seq > after {
			if err := sse(w, v); err != nil {
				return err
			}
		}
		if len(s.C) == 0 {
			break
		}
		v = <-s.C
	}
	if n := s.TakeDropped(); n > 0 {
		_, err := fmt.Fprintf(w, "event: gap\ndata: {\"dropped\":%d}\n\n", n)
		return err
	}
	return nil
}

func sse(w io.Writer, v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case Event:
		_, err = fmt.Fprintf(w, "id: event-%d\nevent: event\ndata: %s\n\n", v.Seq, b)
	case Call:
		_, err = fmt.Fprintf(w, "event: call\ndata: %s\n\n", b)
	}
	return err
}
