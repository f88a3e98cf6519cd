package httpsend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/httpsend"
)

// What a hub answers becomes a message, with all its properties.
func TestReceivedMessage(t *testing.T) {
	t.Parallel()
	var got *http.Request
	client := &httpsend.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r
		return answers(200, "\x00\xffon", "ETag", `"8a2b-1"`, "iothub-messageid", "m-1", "iothub-correlationid", "c-1",
			"iothub-userid", "me", "iothub-to", "/devices/d/messages/deviceBound", "iothub-ack", "full",
			"iothub-sequencenumber", "18446744073709551615", "iothub-deliverycount", "3",
			"iothub-enqueuedtime", "Fri, 02 Jan 2026 03:04:05 GMT", "iothub-expiry", "2026-01-02T04:04:05.5Z",
			"ContentType", "text/plain", "ContentEncoding", "utf-8", "iothub-future", "x",
			"iothub-app-method-name", "reboot", "iothub-app-fPort", "2")(r)
	})}
	m, err := client.Receive(t.Context(), testTarget(t))
	if err != nil {
		t.Fatal(err)
	}
	if got.Method != "GET" || got.URL.String() != "https://h/devices/d/messages/devicebound?api-version=2021-04-12" ||
		!strings.HasPrefix(got.Header.Get("Authorization"), "SharedAccessSignature sr=h%2Fdevices%2Fd&") {
		t.Errorf("%s %s %s", got.Method, got.URL, got.Header)
	}
	want := &httpsend.Received{
		Body: []byte("\x00\xffon"), LockToken: "8a2b-1", MessageID: "m-1", CorrelationID: "c-1", UserID: "me",
		To: "/devices/d/messages/deviceBound", ContentType: "text/plain", ContentEncoding: "utf-8", Ack: "full",
		SequenceNumber: 1<<64 - 1, DeliveryCount: 3,
		Enqueued: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Expiry: time.Date(2026, 1, 2, 4, 4, 5, 5e8, time.UTC),
		System: map[string]string{
			"messageid": "m-1", "correlationid": "c-1", "userid": "me", "to": "/devices/d/messages/deviceBound",
			"ack": "full", "sequencenumber": "18446744073709551615", "deliverycount": "3",
			"enqueuedtime": "Fri, 02 Jan 2026 03:04:05 GMT", "expiry": "2026-01-02T04:04:05.5Z", "future": "x",
		},
		Properties: map[string]string{"method-name": "reboot", "fport": "2"},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReceiveFailures(t *testing.T) {
	t.Parallel()
	lock := []string{"ETag", `"l"`}
	for name, tt := range map[string]struct {
		answer roundTrip
		kind   httpsend.Kind
	}{
		"no lock":        {answers(200, "x"), httpsend.Unavailable},
		"a portal":       {answers(302, "", "Location", "https://x"), httpsend.Unavailable},
		"too large":      {answers(200, strings.Repeat("x", 64<<10+1), lock...), httpsend.TooLarge},
		"moved":          {answers(404, `{"Message":"ErrorCode:DeviceNotFound;"}`), httpsend.NotHere},
		"queue deadlock": {answers(403, `{"Message":"ErrorCode:DeviceMaximumQueueDepthExceeded;"}`), httpsend.Invalid},
		"throttled":      {answers(429, ``), httpsend.Throttled},
		"down":           {answers(503, ``), httpsend.Unavailable},
		"cut in the body": {func(r *http.Request) (*http.Response, error) {
			res, err := answers(200, "x", lock...)(r)
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), broken{}))
			return res, err
		}, httpsend.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := (&httpsend.Client{Transport: tt.answer}).Receive(t.Context(), testTarget(t))
			if m != nil || !errors.Is(err, tt.kind) {
				t.Errorf("%v %v, want %v", m, err, tt.kind)
			}
		})
	}
	empty := &httpsend.Client{Transport: answers(204, "")}
	if m, err := empty.Receive(t.Context(), testTarget(t)); m != nil || err != nil {
		t.Errorf("an empty queue: %v %v", m, err)
	}
	var bad httpsend.Target
	if _, err := (&httpsend.Client{}).Receive(t.Context(), bad); !errors.Is(err, httpsend.Invalid) {
		t.Errorf("a bad target: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A hub that throttles receivers, or hangs, is left alone; events go on.
func TestReceiversBackOffAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		receives, sends, status := 0, 0, 429
		client := &httpsend.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				sends++
				return answers(204, "")(r)
			}
			if receives++; status == 0 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answers(status, "")(r)
		})}
		receive := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client.Receive(ctx, testTarget(t))
			return err
		}
		for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			if err := receive(); !errors.Is(err, httpsend.Throttled) {
				t.Fatal(err)
			}
			calls, err := receives, receive()
			failed, _ := errors.AsType[*httpsend.Error](err)
			if receives != calls || failed == nil || failed.Kind != httpsend.Throttled || failed.RetryAfter != wait {
				t.Fatalf("%d calls, %+v, want none for %v", receives-calls, failed, wait)
			}
			if err := client.Send(t.Context(), testTarget(t), httpsend.Event{}); err != nil {
				t.Error(err)
			}
			time.Sleep(wait)
		}
		status = 204
		if err := receive(); err != nil || sends != 3 {
			t.Errorf("%v, %d sends", err, sends)
		}
		status = 0
		for range 3 {
			if err := receive(); !errors.Is(err, httpsend.Unavailable) {
				t.Fatal(err)
			}
		}
		if err := receive(); !errors.Is(err, httpsend.Down) {
			t.Errorf("after three hangs: %v", err)
		}
		if err := client.Send(t.Context(), testTarget(t), httpsend.Event{}); err != nil {
			t.Error(err)
		}
	})
}

// The calls that settle a message, as Microsoft's SDKs make them.
func TestSettle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(*httpsend.Client, context.Context, httpsend.Target, string) error
		want string
	}{
		"complete": {(*httpsend.Client).Complete, "DELETE %s/a%%2Fb?%s"},
		"reject":   {(*httpsend.Client).Reject, "DELETE %s/a%%2Fb?%s&reject"},
		"abandon":  {(*httpsend.Client).Abandon, "POST %s/a%%2Fb/abandon?%s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, status := []string{}, []int{503, 204}
			client := &httpsend.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("If-Match"))
				return answers(status[len(got)-1], "")(r)
			})}
			client.SetJitter(func(int, time.Duration, time.Duration) time.Duration { return 0 })
			if err := tt.do(client, t.Context(), testTarget(t), "a/b"); err != nil {
				t.Error(err)
			}
			want := fmt.Sprintf(tt.want, "/devices/d/messages/devicebound", "api-version=2021-04-12") + " a/b"
			if diff := cmp.Diff([]string{want, want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			client = &httpsend.Client{Transport: answers(412, `{"Message":"ErrorCode:DeviceMessageLockLost;"}`)}
			err := tt.do(client, t.Context(), testTarget(t), "l")
			failed, _ := errors.AsType[*httpsend.Error](err)
			if !errors.Is(err, httpsend.LockLost) || failed.Retryable() || failed.Tries != 1 ||
				failed.Name != "DeviceMessageLockLost" {
				t.Errorf("a lost lock: %v", err)
			}
			for _, lock := range []string{"", "a\r\nb"} {
				if err := tt.do(client, t.Context(), testTarget(t), lock); !errors.Is(err, httpsend.Invalid) {
					t.Errorf("lock %q: %v", lock, err)
				}
			}
		})
	}
}

// A message goes its whole way at the emulator.
func TestReceiveFromTheEmulator(t *testing.T) {
	t.Parallel()
	azure, target, err := device("dev-1")
	if err != nil {
		t.Fatal(err)
	}
	client := &httpsend.Client{Transport: azure.RoundTripper(), Now: azure.Now}
	for _, id := range []string{"m-1", "m-2", "m-3"} {
		err := azure.SendToDevice("dev-1", emulator.Message{MessageID: id, Body: []byte(id), Command: "c"})
		if err != nil {
			t.Fatal(err)
		}
	}
	receive := func(want string, count int) *httpsend.Received {
		t.Helper()
		m, err := client.Receive(t.Context(), target)
		if err != nil || m == nil || m.MessageID != want || string(m.Body) != want || m.DeliveryCount != count ||
			m.Properties["method-name"] != "c" || m.Enqueued.IsZero() || m.Expiry.IsZero() {
			t.Fatalf("%+v %v, want %s", m, err, want)
		}
		return m
	}
	settle := func(do func(context.Context, httpsend.Target, string) error, m *httpsend.Received) {
		t.Helper()
		if err := do(t.Context(), target, m.LockToken); err != nil {
			t.Error(err)
		}
	}
	settle(client.Abandon, receive("m-1", 0))
	settle(client.Complete, receive("m-1", 1))
	settle(client.Reject, receive("m-2", 0))
	lost := receive("m-3", 0)
	azure.StepClock(time.Minute)
	if err := client.Complete(t.Context(), target, lost.LockToken); !errors.Is(err, httpsend.LockLost) {
		t.Errorf("after a minute: %v", err)
	}
	settle(client.Complete, receive("m-3", 0))
	if m, err := client.Receive(t.Context(), target); m != nil || err != nil {
		t.Errorf("%v %v", m, err)
	}
}

func FuzzReceived(f *testing.F) {
	f.Add(`"l"`, "1", "Fri, 02 Jan 2026 03:04:05 GMT", []byte("x"))
	f.Fuzz(func(t *testing.T, etag, number, at string, body []byte) {
		client := &httpsend.Client{Transport: answers(200, string(body), "ETag", etag, "iothub-sequencenumber", number,
			"iothub-deliverycount", number, "iothub-expiry", at)}
		m, err := client.Receive(t.Context(), testTarget(t))
		if (m == nil) == (err == nil) || m != nil && (m.LockToken == "" || string(m.Body) != string(body)) {
			t.Errorf("%+v %v", m, err)
		}
	})
}
