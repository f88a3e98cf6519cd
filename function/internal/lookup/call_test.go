package lookup_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/lookup"
	"mayfly/function/internal/ratelimit"
	"mayfly/internal/secret"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// A pause that the service asks for is kept, for every key.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := &service{serve: func(_ *http.Request, n int64) (*http.Response, error) {
			if n == 1 {
				return answer(429, "", "Retry-After", "30"), nil
			}
			return answer(200, `"sun"`), nil
		}}
		s := newSet(t, of, weather(nil))
		play(t, s, of, []step{
			{0, "a", lookup.Failed, nil, lookup.Unavailable, 1}, {0, "b", lookup.Failed, nil, lookup.Down, 1},
			{30*time.Second - 1, "b", lookup.Failed, nil, lookup.Down, 1}, {1, "b", lookup.Miss, "sun", 0, 2},
		})
		first := s.Get(t.Context(), "weather", at("a"))
		if first.Err != nil {
			t.Errorf("%v", first.Err)
		}
	})
}

// A rate is kept: what it does not allow waits, or fails where there is no time for that.
func TestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := always(200, `"sun"`)
		s := newSet(t, of, weather(func(s *lookup.Spec) { s.Rate = ratelimit.Rate{Count: 1, Per: time.Second} }))
		var wg sync.WaitGroup
		var fine atomic.Int64
		for i := range 10 {
			wg.Go(func() {
				got := s.Get(t.Context(), "weather", at(fmt.Sprint(i)))
				if got.Value == "sun" {
					fine.Add(1)
				} else if !errors.Is(got.Err, lookup.Busy) {
					t.Errorf("%v", got.Err)
				}
			})
		}
		wg.Wait()
		if n := of.calls.Load(); n < 5 || n > 6 || fine.Load() != n {
			t.Errorf("%d calls in five seconds, %d answers", n, fine.Load())
		}
	})
}

// Secrets go with the request and nowhere else; one that was rotated is read again.
func TestHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
			if r.Header.Get("Authorization") != "Bearer s3cret" || r.Header.Get("X-Site") != "north" {
				t.Errorf("headers: %v", r.Header)
			}
			return answer(403, "{}"), nil
		}}
		s := newSet(t, of, weather(func(s *lookup.Spec) {
			s.Headers = map[string]secret.Text{
				"authorization": secret.NewText("Bearer s3cret"), "X-Site": secret.NewText("north"),
			}
		}))
		got := s.Get(t.Context(), "weather", at("a"))
		if !errors.Is(got.Err, lookup.Refused) || strings.Contains(fmt.Sprintf("%+v %#v", got.Err, got), "s3cret") {
			t.Errorf("%+v", got)
		}
	})
}

// A body is posted as JSON, and is part of what the answer is kept for.
func TestBody(t *testing.T) {
	t.Parallel()
	of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v, %v", r.Method, r.Header, err)
		}
		return answer(200, string(text)), nil
	}}
	s := newSet(t, of, weather(func(s *lookup.Spec) {
		s.URL, s.Body = expr(`"https://weather.example/"`), expr(`{p: .place}`)
	}))
	for i, place := range []string{"a", "b", "a"} {
		got := s.Get(t.Context(), "weather", at(place))
		if !reflect.DeepEqual(got.Value, map[string]any{"p": place}) || of.calls.Load() != min(int64(i+1), 2) {
			t.Errorf("%s: %v after %d calls", place, got.Value, of.calls.Load())
		}
	}
}

// The answers that are kept take no more memory than they may, whatever they are.
func TestMemoryOfAnswers(t *testing.T) {
	t.Parallel()
	of := always(200, `["`+strings.Repeat("x", 10_000)+`"]`)
	d, _ := lookup.Compile(weather(nil), mapping.NewLanguage(message.Zone{}))
	s := lookup.New(&lookup.Options{
		Definitions: []*lookup.Definition{d}, Transport: of, Now: time.Now, Memory: 200_000,
	})
	hits := 0
	for range 2 {
		for i := range 200 {
			if s.Get(t.Context(), "weather", at(i)).State == lookup.Hit {
				hits++
			}
		}
	}
	before := of.calls.Load()
	for i := 199; i >= 0; i-- {
		s.Get(t.Context(), "weather", at(i))
	}
	if kept := 200 - (of.calls.Load() - before); hits > 0 || kept < 5 || kept > 19 {
		t.Errorf("%d answers of 10 KB are kept in 200 KB; %d hits", kept, hits)
	}
}

func headers(name, value string) map[string]secret.Text {
	return map[string]secret.Text{name: secret.NewText(value)}
}

func TestCompileFaults(t *testing.T) {
	t.Parallel()
	for member, change := range map[string]func(*lookup.Spec){
		"name":               func(s *lookup.Spec) { s.Name = "a b" },
		"method":             func(s *lookup.Spec) { s.Method = "DELETE" },
		"url":                func(s *lookup.Spec) { s.URL = mapping.Expr{} },
		"body":               func(s *lookup.Spec) { s.Method, s.Body = "GET", expr(".") },
		"key":                func(s *lookup.Spec) { s.Key = expr("{") },
		"select":             func(s *lookup.Spec) { s.Select = expr("now") },
		"ttl":                func(s *lookup.Spec) { s.TTL = new(25 * time.Hour) },
		"stale":              func(s *lookup.Spec) { s.Stale = new(-time.Second) },
		"timeout":            func(s *lookup.Spec) { s.Timeout = time.Minute },
		"allow":              func(s *lookup.Spec) { s.Allow = "all" },
		"failed":             func(s *lookup.Spec) { s.Failed = "fail" },
		"headers.Host":       func(s *lookup.Spec) { s.Headers = headers("Host", "x") },
		"headers.a b":        func(s *lookup.Spec) { s.Headers = headers("a b", "x") },
		"headers.X":          func(s *lookup.Spec) { s.Headers = headers("X", "a\nb") },
		"headers.X-Key":      func(s *lookup.Spec) { s.Headers = headers("X-Key", "file:") },
		"headers.X-Password": func(s *lookup.Spec) { s.Headers = headers("X-Password", "") },
	} {
		_, faults := lookup.Compile(weather(change), mapping.NewLanguage(message.Zone{}))
		if len(faults) != 1 || faults[0].Member != member || faults[0].Problem == "" {
			t.Errorf("%s: %+v", member, faults)
		}
	}
	if _, faults := lookup.Compile(weather(nil), mapping.NewLanguage(message.Zone{})); len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
}

// The expressions see the message and, in url and body, the key.
func TestVariables(t *testing.T) {
	t.Parallel()
	of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
		return answer(200, fmt.Sprintf("%q", r.URL.RequestURI())), nil
	}}
	in := &lookup.Input{Measurements: map[string]any{"a": "m"}, Message: map[string]any{"deviceId": "d1"}}
	own := newSet(t, of, weather(func(s *lookup.Spec) {
		s.URL = expr(`@uri "https://weather.example/\($key)/\($message.deviceId)"`)
		s.Key = expr(`.a + $message.deviceId`)
	}))
	if got := own.Get(t.Context(), "weather", in); got.Value != "/md1/d1" {
		t.Errorf("a key of the look-up: %+v", got)
	}
	in.Key, in.Keyed = "k", true
	if got := own.Get(t.Context(), "weather", in); got.Value != "/k/d1" {
		t.Errorf("a key of the step: %+v", got)
	}
	in.Key = nil
	if got := own.Get(t.Context(), "weather", in); got.State != lookup.None {
		t.Errorf("no key: %+v", got)
	}
}
