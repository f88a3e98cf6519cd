package httpsend_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/httpsend"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	e, client, target := hubs(t, emulator.Config{})
	events := []httpsend.Event{
		{Body: []byte(`{"n":1}`), MessageID: "a", Properties: map[string]string{"k": `v"\`}},
		{Body: []byte(`{"n":1e400}`), MessageID: "b", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Component: "c"},
		{Body: []byte("{}"), MessageID: "c"},
	}
	if err := client.SendBatch(t.Context(), target, events); err != nil {
		t.Fatal(err)
	}
	got := e.Events()
	if len(got) != 3 {
		t.Fatalf("%d events", len(got))
	}
	for i, want := range []struct{ body, id, component, at string }{
		{`{"n":1}`, "a", "", ""}, {`{"n":1e400}`, "b", "c", "2026-01-02T03:04:05Z"}, {"{}", "c", "", ""},
	} {
		g := got[i]
		if string(g.Body) != want.body || g.MessageID != want.id || g.Component != want.component ||
			g.CreationTime != want.at || g.ContentType != "application/json" {
			t.Errorf("event %d: %+v", i, g)
		}
	}
	if got[0].Properties["k"] != `v"\` {
		t.Errorf("property %q", got[0].Properties["k"])
	}
}

// bodies is a hub that takes everything and records the size of each request, and
// the events of the last batch.
type bodies struct {
	client *httpsend.Client
	sizes  []int
	batch  []struct {
		Body          []byte
		Base64Encoded bool
		Properties    map[string]string
	}
}

func newBodies() *bodies {
	b := &bodies{}
	b.client = &httpsend.Client{Tries: 1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		b.sizes = append(b.sizes, len(body))
		b.batch = nil
		if err == nil && strings.Contains(r.Header.Get("Content-Type"), "iothub") {
			err = json.Unmarshal(body, &b.batch)
		}
		if err != nil {
			return answers(400, err.Error())(r)
		}
		return answers(204, "")(r)
	})}
	return b
}

// A batch is as large as MaxBatch allows, to the byte, and no larger.
func TestBatchBound(t *testing.T) {
	t.Parallel()
	if httpsend.MaxBatch != 261_119 {
		t.Errorf("MaxBatch is %d, Microsoft's SDKs send 261119 bytes at most", httpsend.MaxBatch)
	}
	b := newBodies()
	target := testTarget(t)
	pair := func(id string) []httpsend.Event {
		return []httpsend.Event{{Body: make([]byte, 195_576), MessageID: "m"}, {Body: []byte("{}"), MessageID: id}}
	}
	// The id makes up for what is missing to the bound.
	if err := b.client.SendBatch(t.Context(), target, pair("")); err != nil {
		t.Fatal(err)
	}
	missing := httpsend.MaxBatch - b.sizes[0] - len(`,"iothub-messageid":""`)
	if missing < 1 || missing > 127 {
		t.Fatalf("%d bytes are missing: choose another body", missing)
	}
	tests := []struct {
		name    string
		id      int
		batches int
	}{
		{"one byte less", missing - 1, 1},
		{"the bound", missing, 1},
		{"one byte more", missing + 1, 2},
	}
	for _, tt := range tests {
		events := pair(strings.Repeat("i", tt.id))
		if got := httpsend.Batches(events); len(got) != tt.batches {
			t.Errorf("%s: %d batches, want %d", tt.name, len(got), tt.batches)
		}
		b.sizes = nil
		err := b.client.SendBatch(t.Context(), target, events)
		if tt.batches == 1 && (err != nil || b.sizes[0] != httpsend.MaxBatch-missing+tt.id) {
			t.Errorf("%s: %v, %d bytes", tt.name, err, b.sizes)
		}
		if tt.batches == 2 && (!errors.Is(err, httpsend.TooLarge) || len(b.sizes) != 0) {
			t.Errorf("%s: %v, %d bytes", tt.name, err, b.sizes)
		}
	}
}

// randomEvents are of all sizes and with all kinds of properties.
func randomEvents(n int, seed uint64) []httpsend.Event {
	r := rand.New(rand.NewPCG(seed, seed))
	texts := []string{
		"", "plain", `quote " and \`, `"`, `\`, "line\nfeed", "größe", "<&>", "a\x1fb c~d\x7f",
		strings.Repeat("x", 100),
	}
	events := make([]httpsend.Event, n)
	for i := range events {
		e := httpsend.Event{
			Body: make([]byte, r.IntN(900)), MessageID: strconv.Itoa(i), CorrelationID: texts[r.IntN(3)],
		}
		for p := range r.IntN(4) {
			if e.Properties == nil {
				e.Properties = map[string]string{}
			}
			e.Properties["p"+strconv.Itoa(p)] = texts[r.IntN(len(texts))]
		}
		if r.IntN(2) == 0 {
			e.Component, e.Time = texts[r.IntN(len(texts))], time.Unix(int64(i), int64(i))
		}
		if i == n/2 {
			e.Body = make([]byte, 250_000) // does not fit a batch, but goes alone
		}
		events[i] = e
	}
	return events
}

// encoded percent-encodes what is not printable ASCII.
func encoded(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		if c < ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Batches keeps the order, and each batch takes as many events as fit in.
func TestBatches(t *testing.T) {
	t.Parallel()
	target := testTarget(t)
	for seed := range uint64(5) {
		b := newBodies()
		events := randomEvents(2000, seed)
		n := 0
		batches := httpsend.Batches(events)
		for i, batch := range batches {
			for _, event := range batch {
				if event.MessageID != strconv.Itoa(n) {
					t.Fatalf("message %s stands where %d should", event.MessageID, n)
				}
				n++
			}
			if err := b.client.SendBatch(t.Context(), target, batch); err != nil {
				t.Fatalf("batch of %d: %v", len(batch), err)
			}
			for j, sent := range b.batch {
				want := map[string]string{}
				for name, value := range batch[j].Headers() {
					want[name] = encoded(value)
				}
				if !sent.Base64Encoded || !bytes.Equal(sent.Body, batch[j].Body) ||
					!maps.Equal(sent.Properties, want) {
					t.Fatalf("sent %v of %d bytes, want %v", sent.Properties, len(sent.Body), want)
				}
			}
			if i+1 < len(batches) {
				larger := events[n-len(batch) : n+1]
				if err := b.client.SendBatch(t.Context(), target, larger); !errors.Is(err, httpsend.TooLarge) {
					t.Errorf("one event more would have fit: %v", err)
				}
			}
		}
		if n != len(events) || len(b.sizes) != len(batches) {
			t.Errorf("%d messages of %d, %d calls for %d batches", n, len(events), len(b.sizes), len(batches))
		}
		for i, size := range b.sizes {
			if len(batches[i]) > 1 && size > httpsend.MaxBatch {
				t.Errorf("a request of %d bytes", size)
			}
		}
	}
}

// Send of many events stores all of them, in order and in few calls.
func TestSendMany(t *testing.T) {
	t.Parallel()
	e, client, target := hubs(t, emulator.Config{})
	events := randomEvents(3000, 1)
	if err := client.Send(t.Context(), target, events...); err != nil {
		t.Fatal(err)
	}
	stored := e.Events()
	if len(stored) != len(events) {
		t.Fatalf("%d of %d events stored", len(stored), len(events))
	}
	for i, event := range stored {
		if event.MessageID != strconv.Itoa(i) {
			t.Fatalf("message %s stands where %d should", event.MessageID, i)
		}
	}
	if calls := len(e.Calls()); calls > 20 {
		t.Errorf("%d calls", calls)
	}
}

// The first batch that fails ends a Send, and the error says what is stored.
func TestSendManyStopsAtAFailure(t *testing.T) {
	t.Parallel()
	b := newBodies()
	events := randomEvents(2000, 2)
	batches := httpsend.Batches(events)
	accept := b.client.Transport
	calls := 0
	b.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if calls++; calls == 3 {
			return answers(503, "")(r)
		}
		return accept.RoundTrip(r)
	})
	err := b.client.Send(t.Context(), testTarget(t), events...)
	want := len(batches[0]) + len(batches[1])
	if !errors.Is(err, httpsend.Unavailable) || failure(t, err).Stored != want || calls != 3 {
		t.Errorf("%v after %d calls, %d stored; want 3 calls, %d stored", err, calls, failure(t, err).Stored, want)
	}
}

// What cannot be sent is found before anything is.
func TestSendManyLooksAtAllEventsFirst(t *testing.T) {
	t.Parallel()
	events := randomEvents(2000, 3)
	target := testTarget(t)
	client := &httpsend.Client{Transport: unused(t)}
	events[1999].Body = make([]byte, httpsend.MaxMessage)
	if err := client.Send(t.Context(), target, events...); !errors.Is(err, httpsend.TooLarge) {
		t.Errorf("too large: %v", err)
	}
	events[1999].ContentType = "\n"
	err := client.Send(t.Context(), target, events...)
	if !errors.Is(err, httpsend.Invalid) || failure(t, err).Stored != 0 {
		t.Errorf("invalid: %v", err)
	}
}

// An event is as large as a hub allows, to the byte: its body, the values of its
// system properties, the names and values of its own.
func TestMessageBound(t *testing.T) {
	t.Parallel()
	event := httpsend.Event{
		MessageID: "0123456789", CorrelationID: "abc", ContentType: "text/plain", Component: "c", Time: time.Unix(0, 0),
		Properties: map[string]string{"name": "value"},
	}
	const properties = len("0123456789") + len("abc") + len("text/plain") + len("utf-8") + len("c") + len("$.sub"+"c") +
		len("iothub-creation-time-utc"+"1970-01-01T00:00:00Z") + len("name"+"value")
	if event.Size() != properties {
		t.Fatalf("the properties count %d bytes, want %d", event.Size(), properties)
	}
	target := testTarget(t)
	for more, want := range map[int]error{0: nil, 1: httpsend.TooLarge} {
		b := newBodies()
		event.Body = make([]byte, 262_144-properties+more)
		err := b.client.Send(t.Context(), target, event)
		if !errors.Is(err, want) || (len(b.sizes) == 1) != (want == nil) {
			t.Errorf("%d bytes: %v, %d calls", event.Size(), err, len(b.sizes))
		}
	}
}
