package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
	"mayfly/internal/hosttest"
)

// expect wants an error of a kind with a text in it.
func expect(t *testing.T, err error, kind queue.Kind, text string) {
	t.Helper()
	var failure *queue.Error
	if !errors.As(err, &failure) || failure.Kind != kind || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want one of kind %q with %q", err, kind, text)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("the error shows the password: %v", err)
	}
}

func first(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errs[0]
}

// manage gives a client of the server's own kind.
func manage(t *testing.T, s *server.Server) natsjs.JetStream {
	t.Helper()
	nc, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// TestSessionIsEverybodys: a call with little time neither waits for a session that is being made, nor ends it for the
// others.
func TestSessionIsEverybodys(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	asked, released := make(chan bool), make(chan bool)
	release := sync.OnceFunc(func() { close(released) })
	first := sync.OnceFunc(func() {
		close(asked)
		<-released
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	q, err := jetstream.Open(ctx, address(s, ""), jetstream.Options{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			first()
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			return http.DefaultTransport.RoundTrip(r)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	t.Cleanup(release)
	errs := q.Put(ctx, []queue.Item{item("a", 1)})
	expect(t, errs[0], queue.Unavailable, "context canceled")
	release()
	eventually(t, func() error { // at once, unless the machine is slow
		errs := q.Put(t.Context(), []queue.Item{item("a", 1)})
		return errors.Join(errs...)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestUnacknowledged: what the server denies is never acknowledged, and must not be kept, or after some thousands
// nothing can be published any more.
func TestUnacknowledged(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "mute", Password: "hunter2", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"READY.*"}},
		}}}
	})
	q := open(t, fmt.Sprintf("nats://mute:hunter2@%s/READY?monitor=http://%s", s.Addr(), s.MonitorAddr()))
	for n := range 10 {
		expect(t, q.Put(t.Context(), []queue.Item{item("a", n)})[0], queue.Denied, "READY.")
	}
	eventually(t, func() error {
		if n := jetstream.Unacknowledged(q); n > 0 {
			return fmt.Errorf("%d publications are kept", n)
		}
		return nil
	})
}

// TestDenied: wrong credentials, and an account that may not make streams or publish.
func TestDenied(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *server.Options) {
		all := &server.Permissions{}
		poor := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.CREATE.>"}}}
		mute := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"READY.*"}}}
		o.Users = []*server.User{
			{Username: "all", Password: "hunter2", Permissions: all},
			{Username: "poor", Password: "hunter2", Permissions: poor},
			{Username: "mute", Password: "hunter2", Permissions: mute},
		}
	})
	url := func(user, password, stream string) string {
		return fmt.Sprintf("nats://%s:%s@%s/%s?monitor=http://%s", user, password, s.Addr(), stream, s.MonitorAddr())
	}
	_, err := jetstream.Open(t.Context(), url("all", "hunter2x", "READY"), jetstream.Options{})
	expect(t, err, queue.Denied, "nats: Authorization Violation")
	_, err = jetstream.Open(t.Context(), url("poor", "hunter2", "READY"), jetstream.Options{})
	expect(t, err, queue.Denied, "STREAM.CREATE")
	put(t, open(t, url("all", "hunter2", "READY")), item("a", 1))
	q := open(t, url("poor", "hunter2", "READY")) // the stream is there now
	put(t, q, item("a", 2))
	errs := open(t, url("mute", "hunter2", "READY")).Put(t.Context(), []queue.Item{item("a", 3)})
	expect(t, first(errs), queue.Denied, "READY.")
}

// TestDeletedUnderWay: items are refused until the stream is back, and not by a stream that this program makes.
func TestDeletedUnderWay(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	js := manage(t, s)
	q := open(t, address(s, "max_items=1000"))
	put(t, q, item("a", 1))
	receive(t, q, "a-1")
	names := js.StreamNames(t.Context())
	var deleted natsjs.StreamConfig
	for name := range names.Name() {
		if strings.HasSuffix(name, "_DEAD") {
			continue
		}
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		deleted = stream.CachedInfo().Config
	}
	if err := js.DeleteStream(t.Context(), deleted.Name); err != nil {
		t.Fatal(err)
	}
	expect(t, first(q.Put(t.Context(), []queue.Item{item("a", 2)})), queue.Missing, "")
	_, err := q.Depth(t.Context())
	expect(t, err, queue.Missing, "")
	jetstream.Forget(q) // as a Receive does that fails while another call waits for its answer
	expect(t, jetstream.Failed(t.Context(), q, natsjs.ErrNoStreamResponse), queue.Missing, "")
	eventually(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := q.Receive(ctx, 1)
		var failure *queue.Error
		if !errors.As(err, &failure) || failure.Kind != queue.Missing {
			return fmt.Errorf("receive: %w, want one of kind missing", err)
		}
		return nil
	})
	if _, err := js.CreateStream(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return first(q.Put(t.Context(), []queue.Item{item("b", 1)})) })
	eventually(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		got, err := q.Receive(ctx, 5)
		if err == nil && got[0].ID != "b-1" {
			t.Fatalf("received %v", got[0].ID)
		}
		return err
	})
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	var err error
	for range 600 {
		if err = check(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal(err)
}

func receive(t *testing.T, q queue.Queue, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := q.Receive(ctx, 1)
	if err != nil || got[0].ID != id {
		t.Fatalf("received %v, %v, want %s", got, err, id)
	}
	if err := q.Delete(ctx, got); err != nil {
		t.Fatal(err)
	}
}

// TestServerAway: a queue is opened while its server is away, refuses items, works once the server is there, and again
// after it was restarted.
func TestServerAway(t *testing.T) {
	t.Parallel()
	gate := hosttest.StartGate(t)
	url := "nats://" + gate.Addr() + "/AWAY?lease=2s"
	q := open(t, url)
	expect(t, first(q.Put(t.Context(), []queue.Item{item("a", 1)})), queue.Unavailable, "")

	dir := t.TempDir()
	start := func() *server.Server {
		s := serve(t, func(o *server.Options) { o.StoreDir = dir })
		gate.Open("tcp", s.Addr().String())
		return s
	}
	s := start()
	eventually(t, func() error { // it has no monitor=
		err := first(q.Put(t.Context(), []queue.Item{item("a", 1)}))
		var failure *queue.Error
		if !errors.As(err, &failure) || failure.Kind != queue.Denied {
			return fmt.Errorf("put: %w, want one of kind denied", err)
		}
		return nil
	})
	_ = q.Close()
	q, err := jetstream.Open(t.Context(), url, jetstream.Options{AllowUnsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	put(t, q, item("a", 1))
	receive(t, q, "a-1")
	put(t, q, item("a", 2))
	gate.Shut()
	s.Shutdown()
	s.WaitForShutdown()
	expect(t, first(q.Put(t.Context(), []queue.Item{item("a", 3)})), queue.Unavailable, "")
	start()
	eventually(t, func() error { return first(q.Put(t.Context(), []queue.Item{item("a", 3)})) })
	eventually(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		got, err := q.Receive(ctx, 5)
		if err == nil && got[0].ID != "a-2" {
			t.Fatalf("received %v, want a-2", got[0].ID)
		}
		return err
	})
}

// TestPasswordChanges: a password that is changed at the server and in its file is read again.
func TestPasswordChanges(t *testing.T) {
	t.Parallel()
	gate, dir, file := hosttest.StartGate(t), t.TempDir(), filepath.Join(t.TempDir(), "password")
	start := func(password string) *server.Server {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := serve(t, func(o *server.Options) { o.StoreDir, o.Username, o.Password = dir, "mayfly", password })
		gate.Open("tcp", s.Addr().String())
		return s
	}
	s := start("hunter2")
	q, err := jetstream.Open(t.Context(), "nats://mayfly@"+gate.Addr()+"/PW?lease=2s&password=file:"+file,
		jetstream.Options{AllowUnsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	put(t, q, item("a", 1))
	gate.Shut()
	s.Shutdown()
	s.WaitForShutdown()
	start("hunter3")
	eventually(t, func() error { return first(q.Put(t.Context(), []queue.Item{item("a", 2)})) })
}

// TestReplayWithinWindow: the server knows the id of an item that was buried just now, and must not drop its replay.
func TestReplayWithinWindow(t *testing.T) {
	t.Parallel()
	q := open(t, address(serve(t, nil), ""))
	put(t, q, item("a", 1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 {
		got, err := q.Receive(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Bury(ctx, got[0], []byte(`{"status":400}`)); err != nil {
			t.Fatal(err)
		}
		letters, err := q.DeadLetters().List(ctx, 10)
		if err != nil || len(letters) != 1 {
			t.Fatalf("%d dead letters, %v", len(letters), err)
		}
		if err := q.DeadLetters().Replay(ctx, letters[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	receive(t, q, "a-1")
}

// TestIDsOfTwoKeys: two devices may use the same id.
func TestIDsOfTwoKeys(t *testing.T) {
	t.Parallel()
	q := open(t, address(serve(t, nil), ""))
	put(t, q, queue.Item{Key: "a", ID: "1"}, queue.Item{Key: "b", ID: "1"}, queue.Item{Key: "a", ID: "1"})
	d, err := q.Depth(t.Context())
	if err != nil || d.Items != 2 {
		t.Fatalf("depth %+v, %v, want 2 items", d, err)
	}
}
