package enriching

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/lookup"
	"mayfly/function/internal/problem"
	"mayfly/transform/enrich"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// looker gives what it is told to, and takes a second where it is slow.
type looker struct {
	result    lookup.Result
	slow      bool
	now, peak atomic.Int64
}

func (l *looker) Get(_ context.Context, _ string, in *lookup.Input) lookup.Result {
	l.peak.Store(max(l.peak.Load(), l.now.Add(1)))
	defer l.now.Add(-1)
	if l.slow {
		time.Sleep(min(time.Second, time.Until(in.Until)))
	}
	return l.result
}

func enricher(t *testing.T, l *looker, step enrich.Step) *Enricher {
	t.Helper()
	step.Lookup = "weather"
	compiled, faults := enrich.Compile(mapping.NewLanguage(message.Zone{}), step)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return New(&Options{Steps: &enrich.Lists{Global: []*enrich.Compiled{compiled}}, Lookups: l, Now: time.Now})
}

// What becomes of a message by what the look-up gives.
func TestLookupResults(t *testing.T) {
	t.Parallel()
	failed := func(kind lookup.Kind) lookup.Result {
		return lookup.Result{State: lookup.Failed, Err: &lookup.Error{Name: "weather", Kind: kind}}
	}
	object := map[string]any{"t": 1, "sky": map[string]any{"clouds": 2}}
	said := enrich.Missing{Said: true}
	for name, tt := range map[string]struct {
		result  lookup.Result
		step    enrich.Step
		outcome enrich.Outcome
		body    string
		marked  bool
		code    problem.Code
		refused bool // by missing
	}{
		"an object": {lookup.Result{State: lookup.Miss, Value: object}, enrich.Step{Put: "body"}, enrich.Hit,
			`{"a":1,"sky":{"clouds":2},"t":1}`, false, "", false},
		"a kept object": {lookup.Result{State: lookup.Hit, Value: object}, enrich.Step{Put: ".w"}, enrich.Hit,
			`{"a":1,"w":{"sky":{"clouds":2},"t":1}}`, false, "", false},
		"an old object": {lookup.Result{State: lookup.Stale, Value: object,
			Err: &lookup.Error{Name: "weather", Kind: lookup.Late}}, enrich.Step{Put: ".w"}, enrich.Stale,
			`{"a":1,"w":{"sky":{"clouds":2},"t":1}}`, false, "", false},
		"a number": {lookup.Result{State: lookup.Miss, Value: 21.5}, enrich.Step{Put: "body"}, enrich.Hit,
			`{"a":1,"weather":21.5}`, false, "", false},
		"null": {lookup.Result{State: lookup.Miss}, enrich.Step{Put: "body"}, enrich.Miss, `{"a":1}`, false, "", false},
		"nothing to look up": {lookup.Result{State: lookup.None}, enrich.Step{Put: "body"}, enrich.Miss, `{"a":1}`,
			false, "", false},
		"nothing, refused": {lookup.Result{State: lookup.None}, enrich.Step{Missing: enrich.Missing{Refuse: true}},
			enrich.Refused, `{"a":1}`, false, "", true},
		"failed":    {failed(lookup.Late), enrich.Step{}, enrich.Failed, `{"a":1}`, true, "", false},
		"not found": {failed(lookup.NotFound), enrich.Step{}, enrich.Failed, `{"a":1}`, true, "", false},
		"not found, yet": {failed(lookup.NotFound), enrich.Step{Missing: said}, enrich.Miss, `{"a":1}`, false, "",
			false},
		"late, refused": {failed(lookup.Late), enrich.Step{Failed: "refuse"}, enrich.Failed, `{"a":1}`, false,
			problem.LookupTimeout, false},
		"down, refused": {failed(lookup.Down), enrich.Step{Failed: "refuse"}, enrich.Failed, `{"a":1}`, false,
			problem.LookupUnreachable, false},
		"no key, refused": {failed(lookup.NoKey), enrich.Step{Failed: "refuse"}, enrich.Failed, `{"a":1}`, false,
			problem.LookupUnreachable, false},
		"unusable, refused": {failed(lookup.Unusable), enrich.Step{Failed: "refuse"}, enrich.Failed, `{"a":1}`, false,
			problem.LookupRefused, false},
		"not found, refused": {failed(lookup.NotFound), enrich.Step{Failed: "refuse"}, enrich.Failed, `{"a":1}`, false,
			problem.LookupRefused, false},
		"its jq fails, refused": {failed(lookup.Expression), enrich.Step{Failed: "refuse"}, enrich.Failed, `{"a":1}`,
			false, problem.InvalidMessage, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enricher(t, &looker{result: tt.result}, tt.step)
			m := &message.Message{DeviceID: "d", Body: []byte(`{"a":1}`)}
			results, err := e.Try(t.Context(), "", m)
			if len(results) != 1 || results[0].Outcome != tt.outcome {
				t.Errorf("%+v, want %s", results, tt.outcome)
			}
			if string(m.Body) != tt.body || (m.Properties["enrichment"] == "weather failed") != tt.marked {
				t.Errorf("%s %v, want %s", m.Body, m.Properties, tt.body)
			}
			own, _ := errors.AsType[*problem.Error](err)
			missing, _ := errors.AsType[*enrich.MissingError](err)
			if (own != nil) != (tt.code != "") || own != nil && own.Code != tt.code || (missing != nil) != tt.refused {
				t.Errorf("%v, want %s", err, tt.code)
			}
			if tt.refused && !strings.Contains(err.Error(), "the look-up weather has nothing for the message") {
				t.Error(err)
			}
		})
	}
}

// The messages of a request wait for look-ups side by side, eight at a time, and none after the sender's patience.
func TestMessagesSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &looker{slow: true, result: lookup.Result{State: lookup.Miss, Value: map[string]any{"t": 1}}}
		e := enricher(t, l, enrich.Step{Put: "body"})
		messages := make([]*message.Message, 100)
		for i := range messages {
			messages[i] = &message.Message{DeviceID: fmt.Sprint(i), Body: []byte(`{}`)}
		}
		start := time.Now()
		rq := &Request{Messages: messages, Until: start.Add(3500 * time.Millisecond)}
		for i, err := range e.Enrich(t.Context(), rq) {
			if err != nil || string(messages[i].Body) != `{"t":1}` {
				t.Errorf("%d: %v %s", i, err, messages[i].Body)
			}
		}
		if took := time.Since(start); took != 3500*time.Millisecond || l.peak.Load() != 8 {
			t.Errorf("took %s, %d at a time", took, l.peak.Load())
		}
	})
}

// room has so many bytes.
type room struct{ left atomic.Int64 }

func (r *room) Take(n int64) error {
	if r.left.Add(-n) < 0 {
		return &message.Error{Kind: message.TooLarge}
	}
	return nil
}

func (r *room) Give(n int64) { r.left.Add(n) }

// What messages grow by is memory of their request: when that is used up, the others are refused.
func TestGrowthIsBounded(t *testing.T) {
	t.Parallel()
	l := &looker{result: lookup.Result{State: lookup.Miss, Value: strings.Repeat("x", 1000)}}
	e := enricher(t, l, enrich.Step{Put: "body"})
	messages := make([]*message.Message, 10)
	for i := range messages {
		messages[i] = &message.Message{Body: []byte(`{}`)}
	}
	r := &room{}
	r.left.Store(5500) // of 2 * 1012 for each
	refused := 0
	rq := &Request{Messages: messages, Room: r, Until: time.Now().Add(time.Minute)}
	for _, err := range e.Enrich(t.Context(), rq) {
		if message.Is(err, message.TooLarge) {
			refused++
		}
	}
	if refused != 8 {
		t.Errorf("%d of 10 are refused", refused)
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, tt := range map[string]struct{ patience, deadline, want time.Duration }{
		"five seconds":    {5 * time.Second, time.Minute, 3500 * time.Millisecond},
		"a long patience": {10 * time.Minute, 30 * time.Second, 28500 * time.Millisecond},
		"a short one":     {time.Second, time.Minute, 500 * time.Millisecond},
		"over":            {-time.Second, time.Minute, 0},
	} {
		ctx, cancel := context.WithDeadline(t.Context(), now.Add(tt.deadline))
		if got := Until(ctx, now, now.Add(tt.patience)).Sub(now); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		cancel()
	}
}
