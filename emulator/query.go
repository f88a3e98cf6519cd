package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxWait   = 5 * time.Minute
	heartbeat = 15 * time.Second
)

// query is what GET /events and GET /calls have in common.
type query struct {
	Filter
	count  int // 0: all
	wait   time.Duration
	ndjson bool
}

func (e *Emulator) parseQuery(r *http.Request) (q query, err error) {
	v := r.URL.Query()
	for name := range v {
		switch name {
		case "device", "hub", "op", "since", "after", "count", "wait", "format":
		default:
			return q, badRequest{fmt.Errorf("unknown parameter %q", clip(name, 32))}
		}
	}
	q.Device, q.Hub, q.Op = v.Get("device"), v.Get("hub"), v.Get("op")
	if q.Since, err = e.parseSince(v.Get("since")); err != nil {
		return q, err
	}
	if s := v.Get("after"); s != "" {
		if q.After, err = strconv.ParseUint(s, 10, 64); err != nil {
			return q, badRequest{errors.New("after: want the seq of an event")}
		}
	}
	if s := v.Get("count"); s != "" {
		if q.count, err = strconv.Atoi(s); err != nil || q.count < 1 {
			return q, badRequest{errors.New("count: want a number from 1")}
		}
	}
	if s := v.Get("wait"); s != "" {
		if q.wait, err = time.ParseDuration(s); err != nil || q.wait < 0 || q.wait > maxWait {
			return q, badRequest{fmt.Errorf("wait: want a duration up to %v, such as 5s", maxWait)}
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

// parseSince takes a time, or how long ago.
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
	return time.Time{}, badRequest{errors.New("since: want a time such as 2026-01-02T03:04:05Z, or how long ago, such as 5m")}
}

// getEvents answers with what matches. With wait it waits for count events first, or for one; when there are fewer in
// the end, the header Mayfly-Missing says how many. Without wait, count takes the newest.
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

// getStream sends each event and each call as it happens, as server-sent events named event and call; what a slow
// reader has missed is counted in one named gap. After a new connection
// (Last-Event-ID of an event) the stored events since then come first.
func (e *Emulator) getStream(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	s, end := e.record.subscribe()
	defer end()
	last, resumed := strings.CutPrefix(r.Header.Get("Last-Event-ID"), "event-")
	var after uint64
	if resumed {
		after, _ = strconv.ParseUint(last, 10, 64)
		for _, ev := range e.EventsWhere(Filter{After: after}) {
			if sse(w, ev) != nil {
				return
			}
			after = ev.Seq
		}
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
			_, err = fmt.Fprint(w, ": still here\n\n")
		case v := <-s.ch:
			for { // one flush for all that is there
				if ev, ok := v.(Event); !ok || ev.Seq > after {
					err = sse(w, v)
				}
				if err != nil || len(s.ch) == 0 {
					break
				}
				v = <-s.ch
			}
			if n := e.record.takeDropped(s); n > 0 && err == nil {
				_, err = fmt.Fprintf(w, "event: gap\ndata: {\"dropped\":%d}\n\n", n)
			}
		}
		if err != nil || rc.Flush() != nil {
			return
		}
	}
}

func sse(w http.ResponseWriter, v any) error {
	b, err := marshal(v)
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
