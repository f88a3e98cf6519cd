package function_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/function"
)

// instanceWith is a cold copy of the function with a configuration file.
func instanceWith(t *testing.T, azure *emulator.Emulator, file string, vars ...string) *function.Service {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return instance(t, azure, append(vars, "CONFIG="+path)...)
}

// waiting sends messages to the device dev-1 of an emulator.
func waiting(t *testing.T, azure *emulator.Emulator, messages ...emulator.Message) {
	t.Helper()
	azure.Provision("dev-1", "")
	for i, m := range messages {
		if m.MessageID == "" {
			m.MessageID = fmt.Sprintf("c-%d", i+1)
		}
		if err := azure.SendToDevice("dev-1", m); err != nil {
			t.Fatal(err)
		}
	}
}

// outcomes is how the messages for devices ended.
func outcomes(azure *emulator.Emulator) map[string]string {
	out := map[string]string{}
	for _, f := range azure.Feedback() {
		out[f.MessageID] = string(f.Outcome)
	}
	return out
}

// What a native route answers, by how it is asked.
func TestCommandsInTheAnswer(t *testing.T) {
	t.Parallel()
	const device = "/api/devices/dev-1/telemetry"
	reboot := emulator.Message{Command: "reboot", Body: []byte("@")}
	three := []emulator.Message{
		{Command: "set", Body: []byte(`{"on": true}`), CorrelationID: "k"},
		{Body: []byte("plain")}, {Body: []byte{0xff}},
	}
	for name, tt := range map[string]struct {
		target, header, body string
		messages             []emulator.Message
		want                 string
		answered             map[string]string // headers
		ended                map[string]string
		receives             int
	}{
		"not asked": {target: device, messages: three, want: `{"delivered":1}`},
		"by the query": {
			target: device + "?wait=0", messages: []emulator.Message{reboot}, receives: 2,
			want:  `{"delivered":1,"commands":[{"name":"reboot","payload":null,"id":"c-1","sequence":1}]}`,
			ended: map[string]string{"c-1": "Success"},
		},
		"by Prefer, of several preferences": {
			target: device, header: "Prefer: respond-async, wait=0; x=1",
			messages: []emulator.Message{reboot}, receives: 2,
			want:  `{"delivered":1,"commands":[{"name":"reboot","payload":null,"id":"c-1","sequence":1}]}`,
			ended: map[string]string{"c-1": "Success"},
		},
		"several at once": {
			target: device + "?wait=0", messages: three, receives: 4,
			want: `{"delivered":1,"commands":[` +
				`{"name":"set","payload":{"on":true},"id":"c-1","sequence":1,"correlationId":"k"},` +
				`{"name":"","payload":"plain","id":"c-2","sequence":2},` +
				`{"name":"","payload":{"base64":"/w=="},"id":"c-3","sequence":3}]}`,
			ended: map[string]string{"c-1": "Success", "c-2": "Success", "c-3": "Success"},
		},
		"of a bridge message": {
			target: "/api/telemetry?wait=0", messages: []emulator.Message{reboot}, receives: 2,
			body:  `{"device":{"deviceId":"dev-1"},"measurements":{"n":1}}`,
			want:  `{"delivered":1,"commands":[{"name":"reboot","payload":null,"id":"c-1","sequence":1}]}`,
			ended: map[string]string{"c-1": "Success"},
		},
		"of two devices in one request": {
			target: "/api/telemetry?wait=0", messages: []emulator.Message{reboot},
			body: `[{"device":{"deviceId":"dev-1"},"measurements":{"n":1}},` +
				`{"device":{"deviceId":"dev-2"},"measurements":{"n":1}}]`,
			want: `{"delivered":2}`,
		},
		"as Eclipse Hono": {
			target: device, header: "hono-ttd: 0", messages: three, receives: 1, want: `{"on": true}`,
			answered: map[string]string{"hono-command": "set", "hono-cmd-req-id": "c-1", "Mayfly-Command-Sequence": "1",
				"Content-Type": "application/json"},
			ended: map[string]string{"c-1": "Success"},
		},
		"as Eclipse Hono, nothing waits": {target: device + "?hono-ttd=0", want: `{"delivered":1}`, receives: 1},
		"a wait that is not a number":    {target: device + "?wait=soon", messages: three, want: `{"delivered":1}`},
		"something else in the query":    {target: device + "?await=1", messages: three, want: `{"delivered":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
			waiting(t, azure, tt.messages...)
			s := instance(t, azure)
			body := tt.body
			if body == "" {
				body = `{"n":1}`
			}
			r := request(t, http.MethodPost, tt.target, body)
			if name, value, ok := strings.Cut(tt.header, ": "); ok {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != tt.want {
				t.Errorf("%d %s, want %s", w.Code, got, tt.want)
			}
			for name, want := range tt.answered {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if got := outcomes(azure); !maps.Equal(got, tt.ended) {
				t.Errorf("ended %v, want %v", got, tt.ended)
			}
			if got := len(azure.CallsWhere(emulator.Filter{Op: emulator.OpReceive})); got != tt.receives {
				t.Errorf("the hub was asked %d times, want %d", got, tt.receives)
			}
		})
	}
}

// A caller that may send only gets no commands, and is told so.
func TestCallersThatMayNotReceive(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
	waiting(t, azure, emulator.Message{Body: []byte("x")})
	s := instanceWith(t, azure, `
callers:
  - name: sender
    keys: ["`+hashOf("key-of-the-sender")+`"]
    downlink: false
`, "AUTH=keys")
	r := request(t, http.MethodPost, "/api/devices/dev-1/telemetry?wait=0", `{"n":1}`)
	r.Header.Set("X-Api-Key", "key-of-the-sender")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := w.Body.String(); got != `{"delivered":1,"notes":["this caller may not receive commands"]}`+"\n" {
		t.Errorf("%d %s", w.Code, got)
	}
	if got := len(azure.CallsWhere(emulator.Filter{Op: emulator.OpReceive})); got != 0 {
		t.Errorf("the hub was asked %d times", got)
	}
}

// A message is completed where its answer was written, and given back where it was not.
func TestAnswersThatAreNotWritten(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
	waiting(t, azure, emulator.Message{Body: []byte("x")})
	s := instance(t, azure)
	send := func(ctx context.Context, w http.ResponseWriter) {
		r := request(t, http.MethodPost, "/api/devices/dev-1/telemetry?wait=0", `{"n":1}`).WithContext(ctx)
		s.ServeHTTP(w, r)
	}
	send(t.Context(), brokenWriter{httptest.NewRecorder()})
	gone, hangUp := context.WithCancel(t.Context())
	send(gone, hangingUp{httptest.NewRecorder(), hangUp})
	if got := outcomes(azure); len(got) != 0 {
		t.Fatalf("ended %v", got)
	}
	w := httptest.NewRecorder()
	send(t.Context(), w)
	if !strings.Contains(w.Body.String(), `"id":"c-1"`) || outcomes(azure)["c-1"] != "Success" {
		t.Errorf("%s, ended %v", w.Body, outcomes(azure))
	}
	if got := len(azure.CallsWhere(emulator.Filter{Op: emulator.OpAbandon})); got != 2 {
		t.Errorf("given back %d times, want 2", got)
	}
}

type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// hangingUp is the writer of a client that hangs up as its answer begins.
type hangingUp struct {
	http.ResponseWriter
	hangUp func()
}

func (w hangingUp) Header() http.Header { w.hangUp(); return w.ResponseWriter.Header() }

// A source of the configuration may take messages in any answer, once in a while.
func TestCommandsOfConfiguredSources(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
		waiting(t, azure, emulator.Message{Body: []byte(`{"rate":5}`), Command: "configure"},
			emulator.Message{Body: []byte("2")}, emulator.Message{Body: []byte("3")})
		s := instanceWith(t, azure, `
sources:
  - name: plant
    deviceId: .id
    measurements: .values
    downlink:
      every: 10m
      max: 2
      answer:
        headers: {X-Commands: $commands | length}
        json: '{to: .id, do: [$commands[] | {name, payload, sequence}]}'
`)
		send := func() string {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, request(t, http.MethodPost, "/api/plant", `{"id":"dev-1","values":{"n":`+
				fmt.Sprint(time.Now().Unix())+`}}`))
			return fmt.Sprint(w.Code, w.Header()["X-Commands"], " ", strings.TrimSpace(w.Body.String()))
		}
		var got []string
		for range 12 {
			got = append(got, send())
			time.Sleep(time.Minute)
		}
		want := slices.Repeat([]string{`200 [] {"delivered":1}`}, 12)
		want[0] = `200 [2] {"do":[{"name":"configure","payload":{"rate":5},"sequence":1},` +
			`{"name":null,"payload":2,"sequence":2}],"to":"dev-1"}`
		want[10] = `200 [1] {"do":[{"name":null,"payload":3,"sequence":3}],"to":"dev-1"}`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// The result of a command becomes telemetry with its correlation id.
func TestResultsOfCommands(t *testing.T) {
	t.Parallel()
	const route = "/api/devices/dev-1/commands/c-17"
	for name, tt := range map[string]struct{ target, body, want string }{
		"in the body": {route, `{"status":200,"payload":{"on":true}}`,
			`{"command":{"id":"c-17","status":200,"payload":{"on":true}}}`},
		"in the query": {route + "?status=404", `no such valve`,
			`{"command":{"id":"c-17","status":404,"payload":"no such valve"}}`},
		"as Eclipse Hono":  {route + "?hono-cmd-status=202", ``, `{"command":{"id":"c-17","status":202}}`},
		"without a status": {route, `{"on":true}`, ""},
		"an odd status":    {route + "?status=7", ``, ""},
		"an odd id":        {"/api/devices/dev-1/commands/%20", `{"status":200}`, ""},
		"an odd device":    {"/api/devices/%20/commands/c-17", `{"status":200}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
			w := httptest.NewRecorder()
			instance(t, azure).ServeHTTP(w, request(t, http.MethodPost, tt.target, tt.body))
			if tt.want == "" {
				if w.Code != http.StatusUnprocessableEntity {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				return
			}
			events := azure.Events()
			if w.Code != http.StatusOK || len(events) != 1 || string(events[0].Body) != tt.want ||
				events[0].CorrelationID != "c-17" || events[0].Properties["command-id"] != "c-17" {
				t.Errorf("%d %s %+v", w.Code, w.Body, events)
			}
		})
	}
}

// Where a hub throttles those who receive, telemetry goes on.
func TestThrottledReceivers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
		waiting(t, azure, emulator.Message{Body: []byte("x")})
		if _, err := azure.AddFault(emulator.Fault{Endpoint: emulator.OpReceive, Status: 429, Count: 1}); err != nil {
			t.Fatal(err)
		}
		s := instance(t, azure)
		send := func() (string, time.Duration) {
			start := time.Now()
			w := httptest.NewRecorder()
			s.ServeHTTP(w, request(t, http.MethodPost, "/api/devices/dev-1/telemetry?wait=0", `{"n":1}`))
			return strings.TrimSpace(w.Body.String()), time.Since(start)
		}
		for range 3 {
			if got, took := send(); got != `{"delivered":1}` || took > 10*time.Millisecond {
				t.Errorf("%s after %v", got, took)
			}
		}
		time.Sleep(time.Minute)
		if got, _ := send(); !strings.Contains(got, `"id":"c-1"`) {
			t.Error(got)
		}
	})
}
