package function_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// services are what look-ups ask: the next one answers the next call, the last one all others. Each is a status and a
// body, or hangs.
type services []string

func (s *services) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(*s) == 0 {
		return nil, errors.New("nobody listens")
	}
	status, body, _ := strings.Cut((*s)[0], " ")
	if len(*s) > 1 {
		*s = (*s)[1:]
	}
	if status == "hangs" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	code, _ := strconv.Atoi(status)
	header := http.Header{"Content-Type": {"application/json"}}
	if place, ok := strings.CutPrefix(body, "Location: "); ok {
		header.Set("Location", place)
	}
	return &http.Response{
		StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// badService is a service that does not do what look-ups need.
type badService struct {
	calls atomic.Int64
	serve func(*http.Request, int64) (*http.Response, error)
}

func (s *badService) RoundTrip(r *http.Request) (*http.Response, error) {
	return s.serve(r, s.calls.Add(1))
}

func hang(r *http.Request, _ int64) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func responds(status int, contentType, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {contentType}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// slowBody sends a byte a second.
type slowBody struct{ r *http.Request }

func (b slowBody) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-b.r.Context().Done():
		return 0, b.r.Context().Err()
	}
}

func (slowBody) Close() error { return nil }

func lookupService(t *testing.T, azure *emulator.Emulator, service http.RoundTripper, yaml string) *function.Service {
	t.Helper()
	path := writeFile(t, "mayfly.yaml", yaml)
	c, err := function.LoadConfig([]string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none",
		"CONFIG=" + filepath.Clean(path)})
	if err != nil {
		t.Fatal(err)
	}
	upstream := azure.RoundTripper()
	return function.New(c, function.Dependencies{
		DPS: upstream, Hub: upstream, Lookups: service, Log: slog.New(slog.DiscardHandler),
	})
}

const weatherYAML = `lookups:
  - {name: weather, url: 'https://weather.example/\($message.deviceId)', timeout: 10s}
enrich:
  - {lookup: weather}
`

// Two hundred senders wait five seconds while the service of a look-up does what it should not: all are answered in
// that time, and their telemetry is stored, marked.
func TestLookupDrill(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(*http.Request, int64) (*http.Response, error){
		"hangs": hang,
		"hangs now and then": func(r *http.Request, n int64) (*http.Response, error) {
			if n%2 == 0 {
				return hang(r, n)
			}
			return responds(500, "text/plain", "oops"), nil
		},
		"sends slowly": func(r *http.Request, _ int64) (*http.Response, error) {
			res := responds(200, "application/json", "")
			res.Body = slowBody{r}
			return res, nil
		},
		"lies": func(_ *http.Request, n int64) (*http.Response, error) {
			deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
			lies := []string{"<html>", "{", strings.Repeat("x", 10<<20), deep, "1 2"}
			return responds(200, "application/json", lies[n%5]), nil
		},
		"redirects": func(r *http.Request, _ int64) (*http.Response, error) {
			if r.URL.Host != "weather.example" {
				t.Errorf("called %s", r.URL)
			}
			return responds(307, "text/plain", "", "Location", "https://evil.example"+r.URL.Path), nil
		},
		"refuses connections": func(*http.Request, int64) (*http.Response, error) { return nil, errors.New("no") },
		"asks for a pause": func(*http.Request, int64) (*http.Response, error) {
			return responds(429, "text/plain", "", "Retry-After", "3600"), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				azure := newAzure(t, emulator.Config{AssignAtOnce: true})
				s := lookupService(t, azure, &badService{serve: serve}, weatherYAML)
				var wg sync.WaitGroup
				for i := range 200 {
					wg.Go(func() {
						start, w := time.Now(), httptest.NewRecorder()
						target := fmt.Sprintf("/api/devices/d-%d/telemetry", i)
						s.ServeHTTP(w, request(t, http.MethodPost, target, `{"t":1}`))
						if took := time.Since(start); w.Code != http.StatusOK || took > 5*time.Second {
							t.Errorf("%d %s after %s", w.Code, w.Body, took)
						}
					})
				}
				wg.Wait()
				marked := 0
				for _, e := range azure.Events() {
					if e.Properties["enrichment"] == "weather failed" && string(e.Body) == `{"t":1}` {
						marked++
					}
				}
				if marked != 200 {
					t.Errorf("%d of 200 messages are stored and marked", marked)
				}
				time.Sleep(time.Minute) // the calls end by themselves
			})
		})
	}
}

// A batch with a look-up for each message, which hangs: it is answered in time, and all of it is stored, those as well
// whose steps came when there was no time left.
func TestLookupBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true})
		s := lookupService(t, azure, &badService{serve: hang}, `lookups:
  - {name: weather, url: 'https://weather.example/\($key)', timeout: 10s}
enrich:
  - {lookup: weather, on: '.t | tostring | ascii_downcase'}
`)
		var body strings.Builder
		for i := range 500 {
			fmt.Fprintf(&body, `{"device":{"deviceId":"d-%d"},"measurements":{"t":%d}}`+"\n", i%50, i)
		}
		start, w := time.Now(), httptest.NewRecorder()
		s.ServeHTTP(w, request(t, http.MethodPost, "/api/telemetry", body.String()))
		if took := time.Since(start); w.Code != http.StatusOK || took > 5*time.Second {
			t.Errorf("%d %s after %s", w.Code, w.Body, took)
		}
		marked := 0
		for _, e := range azure.Events() {
			if e.Properties["enrichment"] == "weather failed" {
				marked++
			}
		}
		if marked != 500 {
			t.Errorf("%d of 500 are stored and marked", marked)
		}
		time.Sleep(time.Minute)
	})
}

// What a look-up has of a message, its key and the answer are in no log and no answer, however it fails.
func TestLookupSilence(t *testing.T) {
	t.Parallel()
	const value = "v4lue-of-the-device"
	for name, tt := range map[string]struct {
		serve func(*http.Request, int64) (*http.Response, error)
		url   string
	}{
		"no connection": {func(*http.Request, int64) (*http.Response, error) {
			return nil, errors.New("malformed HTTP response \"s3cret answer\"")
		}, `https://weather.example/\(.place)`},
		"not JSON": {func(*http.Request, int64) (*http.Response, error) {
			return responds(200, "application/json", `{"s3cret answer`), nil
		}, `https://weather.example/\(.place)`},
		"select fails": {func(*http.Request, int64) (*http.Response, error) {
			return responds(200, "application/json", `{"a":"s3cret answer"}`), nil
		}, `https://weather.example/\(.place)`},
		"refused": {func(*http.Request, int64) (*http.Response, error) {
			return responds(401, "text/plain", "s3cret answer"), nil
		}, `https://weather.example/\(.place)`},
		"hangs":            {hang, `https://weather.example/\(.place)`},
		"the URL is wrong": {hang, `'"https://weather.example/\(.place)/../x"'`},
		"its jq fails":     {hang, `'"https://weather.example/" + (.place | .x)'`},
	} {
		for _, failed := range []string{"ignore", "refuse"} {
			t.Run(name+", "+failed, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					azure := newAzure(t, emulator.Config{AssignAtOnce: true})
					path := writeFile(t, "mayfly.yaml", "lookups:\n  - name: weather\n    url: "+tt.url+
						"\n    select: .a.b\n    headers: {X-Key: k3y-of-the-service}\n    failed: "+failed+
						"\nenrich: [{lookup: weather}]\n")
					c, err := function.LoadConfig([]string{
						"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "CONFIG=" + path,
					})
					if err != nil {
						t.Fatal(err)
					}
					var log bytes.Buffer
					s := function.New(c, function.Dependencies{
						DPS: azure.RoundTripper(), Hub: azure.RoundTripper(), Lookups: &badService{serve: tt.serve},
						Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
					})
					for range 2 { // the second failure is one that was kept
						w := httptest.NewRecorder()
						s.ServeHTTP(w, request(t, http.MethodPost, "/api/devices/d/telemetry", `{"place":"`+value+`"}`))
						if (w.Code == http.StatusOK) != (failed == "ignore") {
							t.Errorf("%d %s", w.Code, w.Body)
						}
						log.WriteString(w.Body.String())
					}
					for _, secret := range []string{value, "s3cret", "k3y-of-the-service"} {
						if strings.Contains(log.String(), secret) {
							t.Errorf("%s is told: %s", secret, log.String())
						}
					}
				})
			})
		}
	}
}

// A resend is the same message, though its look-up has another answer by now.
func TestResendWithAnotherAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true})
		s := lookupService(t, azure, &badService{serve: func(_ *http.Request, n int64) (*http.Response, error) {
			body := fmt.Sprintf(`{"temperature":%d}`, n)
			return responds(200, "application/json", body, "Cache-Control", "no-store"), nil
		}}, weatherYAML)
		for range 2 {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, request(t, http.MethodPost, "/api/telemetry",
				`{"device":{"deviceId":"d"},"measurements":{"t":1},"timestamp":"2026-03-14T09:26:53Z"}`))
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			time.Sleep(time.Minute)
		}
		if events := azure.Events(); len(events) != 1 || events[0].Properties["temperature"] != "1" {
			t.Errorf("%d events", len(events))
		}
	})
}

// What a look-up puts into a message is not what the next message changes.
func TestAnswersAreNotShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true})
		s := lookupService(t, azure, &badService{serve: func(*http.Request, int64) (*http.Response, error) {
			return responds(200, "application/json", `{"now":{"t":1}}`), nil
		}}, `lookups: [{name: weather, url: 'https://weather.example/'}]
enrich:
  - {lookup: weather, put: body}
  - {lookup: weather, put: .now, fields: {again: now}}
`)
		for range 2 {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, request(t, http.MethodPost, "/api/devices/d/telemetry", `{"a":1}`))
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		for _, e := range azure.Events() {
			if got := string(e.Body); got != `{"a":1,"now":{"again":{"t":1},"t":1}}` {
				t.Error(got)
			}
		}
	})
}
