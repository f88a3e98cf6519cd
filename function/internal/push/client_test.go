package push_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/downlink"
	"mayfly/function/internal/push"
	"mayfly/internal/secret"
	"mayfly/transform"
	message "mayfly/transform/downlink"
	request "mayfly/transform/message"
)

// stack imitates the part of The Things Stack that takes downlinks, and is strict about it.
type stack struct {
	t   *testing.T
	key string

	mu     sync.Mutex
	queues map[string][]string // the payloads by device
	calls  int
}

var operations = regexp.MustCompile(`^/api/v3/as/applications/farm/webhooks/hook/devices/` +
	`([a-z0-9](?:-?[a-z0-9]){2,35})/down/(push|replace)$`)

func (s *stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	fail := func(status int, text string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"code":3,"message":"error:pkg: `+text+`","details":[]}`)
	}
	path := operations.FindStringSubmatch(r.URL.EscapedPath())
	var body struct {
		Downlinks []struct {
			Port      int             `json:"f_port"`
			Payload   *string         `json:"frm_payload"`
			Decoded   json.RawMessage `json:"decoded_payload"`
			Priority  string          `json:"priority"`
			Confirmed bool            `json:"confirmed"`
		} `json:"downlinks"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(&body); {
	case r.Method != http.MethodPost || path == nil || r.URL.RawQuery != "":
		fail(http.StatusNotFound, "no route "+r.Method+" "+r.URL.Path)
	case r.Header.Get("Authorization") != "Bearer "+s.key:
		fail(http.StatusForbidden, "no rights with "+r.Header.Get("Authorization"))
	case r.Header.Get("User-Agent") == "" || r.Header.Get("X-Downlink-Apikey") != "":
		fail(http.StatusBadRequest, "headers")
	case err != nil || r.Header.Get("Content-Type") != "application/json" || len(body.Downlinks) != 1:
		fail(http.StatusBadRequest, "body")
	default:
		d := body.Downlinks[0]
		var payload []byte
		if d.Payload != nil {
			if payload, err = base64.StdEncoding.DecodeString(*d.Payload); err != nil || d.Decoded != nil {
				fail(http.StatusBadRequest, "payload")
				return
			}
		}
		if d.Port < 1 || d.Port > 223 || d.Payload == nil && d.Decoded == nil || d.Priority != "NORMAL" {
			fail(http.StatusBadRequest, "downlink")
			return
		}
		if path[2] == "replace" {
			s.queues[path[1]] = nil
		}
		s.queues[path[1]] = append(s.queues[path[1]], string(payload)+string(d.Decoded))
		_, _ = io.WriteString(w, "{}\n")
	}
}

// source makes a source that pushes to an address.
func source(t *testing.T, push string) *transform.Source {
	t.Helper()
	d, err := transform.ParseDefinition([]byte("from: tts\ndownlink: {push: {" + push + "}}"))
	if err != nil {
		t.Fatal(err)
	}
	tr := transform.New()
	if err := tr.Add("mayfly.yaml", []transform.Definition{*d}, nil); err != nil {
		t.Fatal(err)
	}
	s, err := tr.Source("tts")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newClient(transport http.RoundTripper) *push.Client {
	secrets := &secret.Loader{Transport: transport, Getenv: os.Getenv, Now: time.Now}
	return push.New(push.Options{Transport: transport, Secrets: secrets, Now: time.Now, UserAgent: "mayfly"})
}

// uplink is a webhook of The Things Stack with its headers.
func uplink(t *testing.T, s *transform.Source, device string, header http.Header) *push.Way {
	t.Helper()
	body := `{"end_device_ids":{"device_id":"` + device + `","application_ids":{"application_id":"farm"}},
		"uplink_message":{}}`
	up, err := s.Uplink(t.Context(), &request.Request{Method: "POST", Header: header, Body: []byte(body)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &push.Way{Source: "tts", Pusher: s.Pusher(), Uplink: up}
}

func headers(base, device, key string) http.Header {
	return http.Header{
		"X-Downlink-Apikey": {key},
		"X-Downlink-Push":   {base + "/api/v3/as/applications/farm/webhooks/hook/devices/" + device + "/down/push"},
	}
}

// The imitation takes what the key of the configuration, or of the webhook, may queue; and another host gets nothing,
// whatever the webhook says.
func TestTheThingsStack(t *testing.T) {
	t.Parallel()
	tts := &stack{t: t, key: "NNSXS.KEY", queues: map[string][]string{}}
	server := httptest.NewServer(tts)
	defer server.Close()
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer thief.Close()
	client := newClient(http.DefaultTransport)
	withKey := source(t, "to: '"+server.URL+"', key: NNSXS.KEY")
	without := source(t, "to: '"+server.URL+"'")
	wrongKey := source(t, "to: '"+server.URL+"', key: NNSXS.WRONG")
	for _, tt := range []struct {
		name   string
		source *transform.Source
		header http.Header
		body   string
		want   string // what the queue of dev-1 has; empty: an error of kind
		kind   push.Kind
	}{
		{"the key of the configuration", withKey, headers(server.URL, "dev-1", ""), "\x01\x02", "\x01\x02", ""},
		{"the key of the webhook", without, headers(server.URL, "dev-1", "NNSXS.KEY"), "\x03", "\x03", ""},
		{"the key of the configuration goes first", withKey, headers(server.URL, "dev-1", "OTHER"), "\x04", "\x04", ""},
		{"data", withKey, headers(server.URL, "dev-1", ""), `{"led":1.50}`, `{"led":1.50}`, ""},
		{"another host in the webhook", withKey, headers(thief.URL, "dev-1", "NNSXS.KEY"), "\x05", "\x05", ""},
		{"another device in the webhook", withKey, headers(server.URL, "dev-2", ""), "\x06", "\x06", ""},
		{"userinfo in the webhook",
			withKey, headers(server.URL+"@"+strings.TrimPrefix(thief.URL, "http://"), "dev-1", ""), "\x07", "\x07", ""},
		{"another key of the webhook", without, headers(server.URL, "dev-1", "OTHER"), "\x01", "", push.Refused},
		{"no key", without, headers(server.URL, "dev-1", ""), "\x01", "", push.Refused},
		{"a key that breaks the header", without, headers(server.URL, "dev-1", "NNSXS.KEY\r\nHost: x"), "\x01", "",
			push.Refused},
		{"a wrong key", wrongKey, headers(server.URL, "dev-1", ""), "\x01", "", push.Refused},
		{"no webhook", withKey, http.Header{}, "\x01", "", push.Unknown},
		{"too long", withKey, headers(server.URL, "dev-1", ""), strings.Repeat("x", 243), "", push.Unfit},
		{"64 KiB", withKey, headers(server.URL, "dev-1", ""), strings.Repeat("x", 64<<10), "", push.Unfit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tts.mu.Lock()
			tts.queues = map[string][]string{}
			tts.mu.Unlock()
			err := client.Push(t.Context(), uplink(t, tt.source, "dev-1", tt.header),
				&message.Message{DeviceID: "dev-1", Body: []byte(tt.body)})
			if tt.want == "" {
				if err == nil || err.Kind != tt.kind || strings.Contains(err.Text, "NNSXS") || len(tts.queues) != 0 {
					t.Errorf("%+v, want %s; the queues are %v", err, tt.kind, tts.queues)
				}
				return
			}
			if err != nil || len(tts.queues) != 1 || strings.Join(tts.queues["dev-1"], " ") != tt.want {
				t.Errorf("%v, the queues are %q", err, tts.queues)
			}
		})
	}
	if stolen.Load() > 0 {
		t.Errorf("another host was called %d times", stolen.Load())
	}
}

// What an answer means for a message.
func TestAnswers(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	var status int
	var header http.Header
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	s := source(t, "to: '"+server.URL+"', key: secret-key, settings: {application: farm, webhook: hook}")
	for _, tt := range []struct {
		name    string
		status  int
		header  http.Header
		body    string
		outcome downlink.Outcome
		says    string
		wait    time.Duration
	}{
		{"200", 200, nil, "{}", downlink.Delivered, "", 0},
		{"201 without JSON", 201, nil, "created", downlink.Delivered, "", 0},
		{"204", 204, nil, "", downlink.Delivered, "", 0},
		{"200 with much", 200, nil, strings.Repeat("x", 1<<20), downlink.Delivered, "", 0},
		{"200 with an error", 200, nil, `{"error":"no device; secret-key is known"}`, downlink.Retry,
			"answered 200, but its answer tells of a failure: no device; [redacted] is known", 0},
		{"200 with a code", 200, nil, `{"code":5,"message":"device not found"}`, downlink.Retry, "device not found", 0},
		{"200 broken off", 200, http.Header{"Content-Length": {"100"}}, "{", downlink.Retry, "broke off", 0},
		{"301", 301, http.Header{"Location": {elsewhere.URL}}, "", downlink.Retry, "redirects are not followed", 0},
		{"307", 307, http.Header{"Location": {elsewhere.URL}}, "", downlink.Retry, "redirects are not followed", 0},
		{"400", 400, nil, `{"message":"payload"}`, downlink.Reject, "answered 400", 0},
		{"401", 401, nil, "", downlink.Reject, "answered 401", 0},
		{"404", 404, nil, "", downlink.Reject, "answered 404", 0},
		{"408", 408, nil, "", downlink.Retry, "answered 408", 0},
		{"429", 429, http.Header{"Retry-After": {"7"}}, "", downlink.Retry, "answered 429", 7 * time.Second},
		{"500", 500, nil, "", downlink.Retry, "answered 500", 0},
		{"503", 503, http.Header{"Retry-After": {"99999999"}}, "", downlink.Retry, "answered 503", time.Hour},
		{"600", 600, nil, "", downlink.Retry, "answered 600", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, header, body = tt.status, tt.header, tt.body
			way := &push.Way{Source: "tts", Pusher: s.Pusher()}
			m := &message.Message{DeviceID: "dev-1", Body: []byte("x")}
			err := newClient(http.DefaultTransport).Push(t.Context(), way, m)
			got := err.Result()
			if got.Outcome != tt.outcome || !strings.Contains(got.Reason, tt.says) {
				t.Errorf("%+v, want %v: %s", got, tt.outcome, tt.says)
			}
			if strings.Contains(got.Reason, "secret-key") {
				t.Error("the key is told:", got.Reason)
			}
			if err != nil && err.RetryAfter != tt.wait {
				t.Errorf("retry after %v, want %v", err.RetryAfter, tt.wait)
			}
		})
	}
}

// transport answers in its own way.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}
}

// A target that hangs costs each message no more than the timeout, and is then left alone; one push at a time finds out
// when it is back.
func TestTargetHangs(t *testing.T) {
	t.Parallel()
	s := source(t, "to: 'https://lns.example', timeout: 2s, settings: {application: farm, webhook: hook}")
	synctest.Test(t, func(t *testing.T) {
		hangs, calls := true, 0
		client := newClient(transport(func(r *http.Request) (*http.Response, error) {
			calls++
			if !hangs {
				return answer(200), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		one := func() (*push.Error, time.Duration) {
			start := time.Now()
			err := client.Push(t.Context(), &push.Way{Source: "tts", Pusher: s.Pusher()},
				&message.Message{DeviceID: "dev-1", Body: []byte("x")})
			return err, time.Since(start)
		}
		for range 5 {
			if err, took := one(); err == nil || err.Kind != push.Down || took != 2*time.Second {
				t.Fatalf("%v after %v", err, took)
			}
		}
		err, took := one()
		if err == nil || err.RetryAfter == 0 || took != 0 || calls != 5 || client.Ready(s.Pusher()) {
			t.Errorf("%v after %v, %d calls", err, took, calls)
		}
		hangs = false
		time.Sleep(16 * time.Second)
		if !client.Ready(s.Pusher()) {
			t.Error("it is never tried again")
		}
		for range 2 {
			if err, _ := one(); err != nil {
				t.Error(err)
			}
		}
	})
}

// There are so many pushes to one target at a time at most, and no more.
func TestPushesAreBounded(t *testing.T) {
	t.Parallel()
	s := source(t, "to: 'https://lns.example', settings: {application: farm, webhook: hook}")
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		client := newClient(transport(func(*http.Request) (*http.Response, error) {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			running.Add(-1)
			return answer(200), nil
		}))
		var pushed atomic.Int32
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if client.Push(t.Context(), &push.Way{Source: "tts", Pusher: s.Pusher()},
					&message.Message{DeviceID: "dev-1", Body: []byte("x")}) == nil {
					pushed.Add(1)
				}
			})
		}
		all.Wait()
		if most.Load() != 16 || pushed.Load() < 64 {
			t.Errorf("%d at a time, %d pushed", most.Load(), pushed.Load())
		}
	})
}

// A key that was replaced is read again when the old one is refused.
func TestKeyIsReplaced(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	write := func(key string) {
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	s := source(t, "to: 'https://lns.example', key: 'file:"+file+"', settings: {application: farm, webhook: hook}")
	valid := "old"
	client := newClient(transport(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer "+valid {
			return answer(401), nil
		}
		return answer(200), nil
	}))
	way := &push.Way{Source: "tts", Pusher: s.Pusher()}
	m := &message.Message{DeviceID: "dev-1", Body: []byte("x")}
	if err := client.Push(t.Context(), way, m); err != nil {
		t.Fatal(err)
	}
	valid = "new"
	write("new")
	if err := client.Push(t.Context(), way, m); err != nil {
		t.Error(err)
	}
	gone := source(t, "to: 'https://lns.example', key: 'file:"+file+"-none', settings: {application: a, webhook: w}")
	err := client.Push(t.Context(), &push.Way{Source: "other", Pusher: gone.Pusher()}, m)
	if err == nil || err.Kind != push.NoKey || err.Result().Outcome != downlink.Retry {
		t.Error(err)
	}
}

// A deliverer looks for the way once, and only for a message.
func TestDeliverer(t *testing.T) {
	t.Parallel()
	s := source(t, "to: 'https://lns.example', settings: {application: farm, webhook: hook}")
	client := newClient(transport(func(*http.Request) (*http.Response, error) { return answer(200), nil }))
	found := 0
	d := client.Deliverer(func(context.Context) (*push.Way, error) {
		if found++; found == 1 {
			return nil, errors.New("not yet")
		}
		return &push.Way{Source: "tts", Pusher: s.Pusher()}, nil
	})
	for _, want := range []downlink.Outcome{downlink.Retry, downlink.Delivered, downlink.Delivered} {
		if got := d.Deliver(t.Context(), &message.Message{DeviceID: "dev-1", Body: []byte("x")}); got.Outcome != want {
			t.Errorf("%+v, want %v", got, want)
		}
	}
	if found != 2 {
		t.Errorf("looked for %d times", found)
	}
}
