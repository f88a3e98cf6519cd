package lookup_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/lookup"
	"mayfly/internal/secret"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// service is a service at the other end, without a network.
type service struct {
	calls atomic.Int64
	serve func(r *http.Request, n int64) (*http.Response, error)
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	n := s.calls.Add(1)
	res, err := s.serve(r, n)
	if res != nil {
		res.Request = r
	}
	return res, err
}

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// always gives the same answer.
func always(status int, body string, header ...string) *service {
	return &service{serve: func(*http.Request, int64) (*http.Response, error) {
		return answer(status, body, header...), nil
	}}
}

// hangs never answers.
func hangs() *service {
	return &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}}
}

func expr(text string) mapping.Expr { return mapping.Expr{Text: text, Line: 1, Column: 1} }

func weather(change func(*lookup.Spec)) *lookup.Spec {
	s := &lookup.Spec{Name: "weather", URL: expr(`@uri "https://weather.example/v1?place=\(.place)"`)}
	if change != nil {
		change(s)
	}
	return s
}

func newSet(t testing.TB, transport http.RoundTripper, specs ...*lookup.Spec) *lookup.Set {
	t.Helper()
	language := mapping.NewLanguage(message.Zone{})
	o := lookup.Options{Transport: transport, Now: time.Now, Secrets: &secret.Loader{Now: time.Now}}
	for _, spec := range specs {
		d, faults := lookup.Compile(spec, language)
		for _, f := range faults {
			if !f.Warning {
				t.Fatalf("%+v", f)
			}
		}
		o.Definitions = append(o.Definitions, d)
	}
	return lookup.New(&o)
}

func at(place any) *lookup.Input { return &lookup.Input{Measurements: map[string]any{"place": place}} }

// step is one look-up of a place, and what has to come of it.
type step struct {
	after time.Duration
	place any
	state lookup.State
	value any
	kind  lookup.Kind
	calls int64 // in all
}

func play(t *testing.T, s *lookup.Set, of *service, steps []step) {
	t.Helper()
	for i, p := range steps {
		time.Sleep(p.after)
		got := s.Get(t.Context(), "weather", at(p.place))
		if got.State != p.state || !reflect.DeepEqual(got.Value, p.value) || of.calls.Load() != p.calls {
			t.Errorf("%d: %s %v after %d calls (%v), want %s %v after %d",
				i, got.State, got.Value, of.calls.Load(), got.Err, p.state, p.value, p.calls)
		}
		if p.kind != 0 && !errors.Is(got.Err, p.kind) {
			t.Errorf("%d: %v, want %v", i, got.Err, p.kind)
		}
	}
}

// An answer serves for its time, and for a while longer while the service fails; failures serve for five seconds.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	failing := func(fail func(n int64) bool, header ...string) *service {
		return &service{serve: func(_ *http.Request, n int64) (*http.Response, error) {
			if fail(n) {
				return answer(http.StatusServiceUnavailable, "no"), nil
			}
			return answer(http.StatusOK, fmt.Sprintf(`"%d"`, n), header...), nil
		}}
	}
	never := func(int64) bool { return false }
	second := func(n int64) bool { return n > 1 }
	const hit, miss, stale, failed = lookup.Hit, lookup.Miss, lookup.Stale, lookup.Failed
	for name, tt := range map[string]struct {
		spec    func(*lookup.Spec)
		service *service
		steps   []step
	}{
		"for its time": {
			func(s *lookup.Spec) { s.TTL = new(time.Hour) }, failing(never), []step{
				{0, "a", miss, "1", 0, 1}, {time.Hour - 1, "a", hit, "1", 0, 1}, {1, "a", miss, "2", 0, 2},
			},
		},
		"a minute by default": {nil, failing(never), []step{
			{0, "a", miss, "1", 0, 1}, {time.Minute - 1, "a", hit, "1", 0, 1}, {1, "a", miss, "2", 0, 2},
		}},
		"per key": {nil, failing(never), []step{
			{0, "a", miss, "1", 0, 1}, {0, "b", miss, "2", 0, 2}, {0, "a", hit, "1", 0, 2}, {0, "b", hit, "2", 0, 2},
		}},
		"a key of its own": {
			func(s *lookup.Spec) { s.Key = expr(`.place[:1]`) }, failing(never), []step{
				{0, "ax", miss, "1", 0, 1}, {0, "ay", hit, "1", 0, 1}, {0, "by", miss, "2", 0, 2},
			},
		},
		"a long key": {
			func(s *lookup.Spec) { s.Key = expr(`[.place, .place]`) }, failing(never), []step{
				{0, strings.Repeat("x", 500), miss, "1", 0, 1}, {0, strings.Repeat("x", 501), miss, "2", 0, 2},
				{0, strings.Repeat("x", 500), hit, "1", 0, 2},
			},
		},
		"shorter than its time": {
			func(s *lookup.Spec) { s.TTL = new(time.Hour) }, failing(never, "Cache-Control", "max-age=60"), []step{
				{0, "a", miss, "1", 0, 1}, {time.Minute - 1, "a", hit, "1", 0, 1}, {1, "a", miss, "2", 0, 2},
			},
		},
		"not longer than its time": {nil, failing(never, "Cache-Control", "max-age=3600"), []step{
			{0, "a", miss, "1", 0, 1}, {time.Minute, "a", miss, "2", 0, 2},
		}},
		"not to be kept": {nil, failing(never, "Cache-Control", "private, no-store"), []step{
			{0, "a", miss, "1", 0, 1}, {0, "a", miss, "2", 0, 2},
		}},
		"stale": {
			func(s *lookup.Spec) { s.Stale = new(time.Hour) }, failing(second), []step{
				{0, "a", miss, "1", 0, 1}, {time.Minute, "a", stale, "1", lookup.Unavailable, 2},
				{5*time.Second - 1, "a", stale, "1", lookup.Unavailable, 2}, {1, "a", stale, "1", 0, 3},
				{time.Hour - 5*time.Second - 1, "a", stale, "1", 0, 4}, {1, "a", failed, nil, lookup.Unavailable, 4},
			},
		},
		"stale as the answer says": {nil, failing(second, "Cache-Control", "max-age=10, stale-if-error=20"), []step{
			{0, "a", miss, "1", 0, 1}, {30*time.Second - 1, "a", stale, "1", 0, 2},
			{1, "a", failed, nil, lookup.Unavailable, 2},
		}},
		"not stale": {
			func(s *lookup.Spec) { s.Stale = new(time.Duration(0)) },
			failing(second, "Cache-Control", "max-age=10, stale-if-error=20"), []step{
				{0, "a", miss, "1", 0, 1}, {10 * time.Second, "a", failed, nil, lookup.Unavailable, 2},
			},
		},
		"a failure": {nil, failing(func(n int64) bool { return n == 1 }), []step{
			{0, "a", failed, nil, lookup.Unavailable, 1}, {5*time.Second - 1, "a", failed, nil, lookup.Unavailable, 1},
			{0, "b", miss, "2", 0, 2}, {1, "a", miss, "3", 0, 3},
		}},
		"null in a URL": {nil, failing(never), []step{{0, nil, lookup.None, nil, 0, 0}}},
		"null for a URL": {
			func(s *lookup.Spec) { s.URL = expr(`.place | values | @uri "https://weather.example/\(.)"`) },
			failing(never), []step{{0, nil, lookup.None, nil, 0, 0}},
		},
		"null for a key": {
			func(s *lookup.Spec) { s.Key = expr(`.place`) }, failing(never), []step{{0, nil, lookup.None, nil, 0, 0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				play(t, newSet(t, tt.service, weather(tt.spec)), tt.service, tt.steps)
			})
		})
	}
}
