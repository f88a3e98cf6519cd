package storagequeue_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/function/internal/queue/storagequeue"
	"mayfly/internal/secret"
)

func key(context.Context) (string, error) {
	return base64.StdEncoding.EncodeToString([]byte("key")), nil
}

// clocked is a queue of a server whose time passes when the test says so.
type clocked struct {
	*storagequeue.Queue
	server *fakeAzure
}

func open(t *testing.T, f *fakeAzure, o storagequeue.Options) *clocked {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	if o.URL == "" {
		o.URL = f.url + "/mayfly"
	}
	o.Transport, o.Now = transport, f.now
	q, err := storagequeue.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return &clocked{q, f}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(t *testing.T) queue.Queue {
		return open(t, startFake(t, "mayfly"), storagequeue.Options{Key: key})
	}, queuetest.Options{
		Sleep: func(q queue.Queue, d time.Duration) { q.(*clocked).server.passed.Add(int64(d)) },
		Quiet: 100 * time.Millisecond,
		Reopen: func(t *testing.T, closed queue.Queue) queue.Queue {
			return open(t, closed.(*clocked).server, storagequeue.Options{Key: key})
		},
	})
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"https://acc.queue.core.windows.net/mayfly":                          true,
		"https://acc.queue.core.windows.net/mayfly/":                         true,
		"https://acc.privatelink.queue.core.windows.net/mayfly":              true,
		"https://acc.queue.core.chinacloudapi.cn/may-fly?sv=2021&sig=SECRET": true,
		"http://127.0.0.1:10001/devstoreaccount1/mayfly":                     true,
		"http://azurite:10001/devstoreaccount1/mayfly":                       true,
		"http://acc.queue.localhost:10001/mayfly":                            true,
		"http://acc.queue.core.windows.net/mayfly":                           false,
		"https://acc.queue.core.windows.net/":                                false,
		"https://acc.queue.core.windows.net/a/b":                             false,
		"https://acc.queue.core.windows.net/MayFly":                          false,
		"https://acc.queue.core.windows.net/a--b":                            false,
		"https://acc.queue.core.windows.net/-ab":                             false,
		"https://acc.queue.core.windows.net/ab":                              false,
		"https://acc.queue.core.windows.net/" + strings.Repeat("a", 57):      false,
		"https://acc.queue.core.windows.net/mayfly?key=SECRET":               false,
		"https://user:SECRET@acc.queue.core.windows.net/mayfly":              false,
		"": false,
	} {
		err := storagequeue.Check(text)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		code   string
		want   queue.Kind
		calls  int
	}{
		"deleted":          {404, "QueueNotFound", queue.Missing, 1},
		"being deleted":    {409, "QueueBeingDeleted", queue.Missing, 1},
		"wrong key":        {403, "AuthenticationFailed", queue.Denied, 1},
		"no role":          {403, "AuthorizationPermissionMismatch", queue.Denied, 1},
		"no authorization": {401, "NoAuthenticationInformation", queue.Denied, 1},
		"busy":             {503, "ServerBusy", queue.Unavailable, 3},
		"fails":            {500, "InternalError", queue.Unavailable, 3},
		"too large":        {413, "RequestBodyTooLarge", queue.TooLarge, 1},
		"in between":       {502, "", queue.Unavailable, 3},
		"wrong":            {400, "InvalidQueryParameterValue", queue.Unavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, "mayfly")
			q := open(t, f, storagequeue.Options{Key: key})
			f.refuse = func(*http.Request) (int, string) { return tt.status, tt.code }
			errs := q.Put(t.Context(), []queue.Item{{Key: "a", ID: "1"}})
			if len(errs) != 1 {
				t.Fatalf("errors %v, want one", errs)
			}
			for _, err := range append(errs, q.Check(t.Context())) {
				failed, ok := errors.AsType[*queue.Error](err)
				if !ok || failed.Kind != tt.want || strings.Contains(err.Error(), "SECRET") {
					t.Errorf("error %v, want %s", err, tt.want)
				}
			}
			if n := f.calls[http.MethodPost]; n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
		})
	}
}

// A queue that is missing is told with the command that makes it; its queue of dead letters comes by itself.
func TestMissing(t *testing.T) {
	t.Parallel()
	q := open(t, startFake(t), storagequeue.Options{Key: key})
	err := q.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "az storage queue create --name mayfly --account-name acc") {
		t.Errorf("error %v, want one with the command", err)
	}
	if list, err := q.DeadLetters().List(t.Context(), 10); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestPoisonQueueThatCannotBeCreated(t *testing.T) {
	t.Parallel()
	f := startFake(t, "mayfly")
	q := open(t, f, storagequeue.Options{Key: key})
	f.refuse = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "-poison") {
			return http.StatusForbidden, "AuthorizationPermissionMismatch"
		}
		return 0, ""
	}
	put(t, q, "1")
	err := q.Bury(t.Context(), receive(t, q)[0], []byte(`{}`))
	failed, ok := errors.AsType[*queue.Error](err)
	if !ok || failed.Kind != queue.Missing || !strings.Contains(err.Error(), "mayfly-poison") {
		t.Errorf("error %v, want one that names mayfly-poison", err)
	}
	if n := len(f.queues["mayfly"]); n != 1 {
		t.Errorf("%d messages are left, want the one", n)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	sas := func(r *http.Request) bool {
		return r.URL.Query().Get("sig") == "a+b/c=" && r.URL.Query().Get("sv") == "2021"
	}
	const query = "sv=2021&sig=a%2Bb%2Fc%3D"
	refused := 0
	for name, tt := range map[string]struct {
		o    storagequeue.Options
		auth func(*http.Request) bool
		want queue.Kind
	}{
		"SAS in the URL": {storagequeue.Options{URL: "?" + query}, sas, ""},
		"SAS":            {storagequeue.Options{SAS: text("?" + query)}, sas, ""},
		"wrong SAS":      {storagequeue.Options{SAS: text("hello")}, sas, queue.Denied},
		"key":            {storagequeue.Options{Key: key}, signedByKey, ""},
		"wrong key":      {storagequeue.Options{Key: text("c2VjcmV0")}, signedByKey, queue.Denied},
		"not base64":     {storagequeue.Options{Key: text("*")}, signedByKey, queue.Denied},
		"no store":       {storagequeue.Options{Key: noText}, signedByKey, queue.Denied},
		"store is away":  {storagequeue.Options{Key: keyAway}, signedByKey, queue.Unavailable},
		"nothing":        {storagequeue.Options{}, signedByKey, queue.Denied},
		"token by http": {storagequeue.Options{Token: func(context.Context) (string, time.Time, error) {
			return "TOKEN", time.Time{}, nil
		}}, signedByKey, queue.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, "mayfly")
			f.auth = tt.auth
			if tt.o.URL != "" {
				tt.o.URL = f.url + "/mayfly" + tt.o.URL
			}
			tt.o.Refused = func(context.Context) { refused++ }
			q := open(t, f, tt.o)
			kind := queue.Kind("")
			err := q.Check(t.Context())
			if failed, ok := errors.AsType[*queue.Error](err); ok {
				kind = failed.Kind
			}
			if kind != tt.want || err != nil && strings.Contains(err.Error(), "TOKEN") {
				t.Errorf("error %v, want one of kind %q", err, tt.want)
			}
		})
	}
	if refused != 1 {
		t.Errorf("%d refusals were told, want that of the wrong key", refused)
	}
}

func text(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

func noText(context.Context) (string, error) { return "", errors.New("the store is down") }

func keyAway(context.Context) (string, error) {
	return "", &secret.Error{Temporary: true, Err: errors.New("no answer")}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What was put again comes later, and brings along what is known of it.
func TestPutAgain(t *testing.T) {
	t.Parallel()
	f := startFake(t, "mayfly")
	q := open(t, f, storagequeue.Options{Key: key})
	put(t, q, "1")
	first := receive(t, q)[0]
	if err := q.PutAgain(t.Context(), first, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := q.Delete(t.Context(), []*queue.Leased{first}); err != nil {
		t.Fatal(err)
	}
	f.passed.Add(int64(59 * time.Second))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got, err := q.Receive(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v, %v", got, err)
	}
	f.passed.Add(int64(2 * time.Second))
	got := receive(t, q)[0]
	if got.ID != "1" || got.Attempts != 2 || !got.Put.Equal(first.Put) {
		t.Errorf("%+v, want what is known of %+v", got, first)
	}
}

// What the Functions host has given up, and what somebody else has written, are dead letters as well.
func TestForeignMessages(t *testing.T) {
	t.Parallel()
	f := startFake(t, "mayfly", "mayfly-poison")
	q := open(t, f, storagequeue.Options{Key: key})
	given := envelope.Format(envelope.Envelope{Item: queue.Item{Key: "k", ID: "i", Data: []byte("d")}})
	for _, text := range []string{base64.StdEncoding.EncodeToString([]byte(given)), "not base64"} {
		f.queues["mayfly-poison"] = append(f.queues["mayfly-poison"], &fakeMessage{
			id: text[:4], text: text, inserted: f.now(), visible: f.now(),
		})
	}
	list, err := q.DeadLetters().List(t.Context(), 10)
	if err != nil || len(list) != 2 || list[0].Item.ID != "i" || string(list[1].Item.Data) != "not base64" ||
		list[0].Buried.IsZero() || len(list[0].Reason) > 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := q.DeadLetters().Replay(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, q)[0]; got.ID != "i" || string(got.Data) != "d" {
		t.Errorf("%+v", got)
	}
}

// What somebody else has written is a dead letter as well where it leaves no room for anything beside it.
func TestBuryLarge(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a text":    strings.Repeat("x y ", 16<<10),
		"in base64": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 48<<10))),
		"near it":   base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 48<<10-60))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, "mayfly")
			q := open(t, f, storagequeue.Options{Key: key})
			f.queues["mayfly"] = append(f.queues["mayfly"], &fakeMessage{id: "1", text: text, visible: f.now()})
			it := receive(t, q)[0]
			if err := q.Bury(t.Context(), it, []byte(`{"code":"queue-entry"}`)); err != nil {
				t.Fatal(err)
			}
			list, err := q.DeadLetters().List(t.Context(), 10)
			if err != nil || len(list) != 1 || string(list[0].Item.Data) != string(it.Data) {
				t.Errorf("%d dead letters, %v", len(list), err)
			}
			if n := len(f.queues["mayfly"]); n != 0 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

func put(t *testing.T, q queue.Queue, id string) {
	t.Helper()
	if errs := q.Put(t.Context(), []queue.Item{{Key: "a", ID: id, Data: []byte(id)}}); errs != nil {
		t.Fatal(errs)
	}
}

func receive(t *testing.T, q queue.Queue) []*queue.Leased {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := q.Receive(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
