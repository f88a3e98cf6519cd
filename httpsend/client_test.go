package httpsend_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/httpsend"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answers(status int, body string, header ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func key(t testing.TB) httpsend.Key {
	t.Helper()
	const text = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="
	k, err := httpsend.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testTarget(t testing.TB) httpsend.Target {
	t.Helper()
	return httpsend.Target{Hub: "h", DeviceID: "d", Key: key(t)}
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	client := &httpsend.Client{UserAgent: "test", Now: func() time.Time { return time.Unix(1663119026-3600, 0) },
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r
			body, _ = io.ReadAll(r.Body)
			return answers(204, "")(r)
		})}
	target := httpsend.Target{Hub: "MyExampleHub.azure-devices.net", DeviceID: "my-symkey-device", Key: key(t)}
	err := client.Send(t.Context(), target, httpsend.Event{
		Body: []byte(`{"t":0.1000}`), MessageID: "m-1", CorrelationID: "c-1", Component: "sensor1",
		Time:       time.Date(2026, 1, 2, 4, 4, 5, 678e6, time.FixedZone("", 3600)),
		Properties: map[string]string{"fPort": "2", "place": "Küche\n"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://MyExampleHub.azure-devices.net/devices/my-symkey-device/messages/events?api-version=2021-04-12"
	if got.URL.String() != url || got.Method != "POST" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	if string(body) != `{"t":0.1000}` {
		t.Errorf("body %s", body)
	}
	headers := map[string]string{}
	for name, values := range got.Header {
		if len(values) > 0 {
			headers[strings.ToLower(name)] = values[0]
		}
	}
	want := map[string]string{
		"authorization": "SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device" +
			"&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026",
		"content-type":                        "application/json",
		"user-agent":                          "test",
		"iothub-contenttype":                  "application/json",
		"iothub-contentencoding":              "utf-8",
		"iothub-messageid":                    "m-1",
		"iothub-correlationid":                "c-1",
		"iothub-app-iothub-creation-time-utc": "2026-01-02T03:04:05.678Z",
		"dt-subject":                          "sensor1",
		"iothub-app-$.sub":                    "sensor1",
		"iothub-app-fport":                    "2",
		"iothub-app-place":                    "K%C3%BCche%0A",
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// Both envelopes and the bare form, as they were seen in the wild
// (Azure/iot-edge-opc-proxy issue 26; azure-docs; Microsoft's Node SDK).
func TestHubErrors(t *testing.T) {
	t.Parallel()
	const (
		nested = `{"Message":"{\"errorCode\":401002,\"trackingId\":\"ab-G:32-TimeStamp:04/06/2020 17:15:11\",` +
			`\"message\":\"Unauthorized\",\"timestampUtc\":\"2020-04-06T17:15:11Z\"}","ExceptionMessage":""}`
		text = `{"Message":"ErrorCode:DeviceNotFound;no such device",` +
			`"ExceptionMessage":"Tracking ID:1f-G:5-TimeStamp:03/29/2017 13:24:03"}`
	)
	tests := []struct {
		name   string
		answer roundTrip
		want   httpsend.Error
		retry  bool
	}{
		{"throttled, and the text says for how long",
			answers(429, `{"Message":"ErrorCode:ThrottlingBacklogTimeout;Wait 10 seconds and try again."}`),
			httpsend.Error{Kind: httpsend.Throttled, Name: "ThrottlingBacklogTimeout",
				Message: "Wait 10 seconds and try again.", RetryAfter: 10 * time.Second}, true},
		{"busy, and the text says for how long", answers(503, `{"errorCode":503005,"message":"Retry after 3 s."}`),
			httpsend.Error{Kind: httpsend.Unavailable, Code: 503005, Message: "Retry after 3 s.",
				RetryAfter: 3 * time.Second}, true},
		{"a time in the text of a refusal", answers(400, `{"message":"Wait 10 seconds"}`),
			httpsend.Error{Kind: httpsend.Invalid, Message: "Wait 10 seconds"}, false},
		{"the code in another member", answers(404, `{"code":404001}`),
			httpsend.Error{Kind: httpsend.NotHere, Code: 404001}, false},
		{"not found, as text", answers(404, text, "iothub-errorcode", "DeviceNotFound"),
			httpsend.Error{Kind: httpsend.NotHere, Name: "DeviceNotFound", Message: "no such device",
				TrackingID: "1f-G:5-TimeStamp:03/29/2017 13:24:03"}, false},
		{"unauthorized, nested", answers(401, nested),
			httpsend.Error{Kind: httpsend.NotHere, Code: 401002, Message: "Unauthorized",
				TrackingID: "ab-G:32-TimeStamp:04/06/2020 17:15:11"},
			false},
		{"bare", answers(404, `{"errorCode":404001,"message":"gone","trackingId":"t"}`),
			httpsend.Error{Kind: httpsend.NotHere, Code: 404001, Message: "gone", TrackingID: "t"}, false},
		{"moved", answers(401, `{"Message":"ErrorCode:IotHubUnauthorizedAccess;DEVICE_DISABLED"}`),
			httpsend.Error{Kind: httpsend.NotHere, Name: "IotHubUnauthorizedAccess",
				Message: "DEVICE_DISABLED"}, false},
		{"blocked by an operator", answers(401, `{"Message":"ErrorCode:IotHubUnauthorizedAccess;DEVICE_BLOCKED"}`),
			httpsend.Error{Kind: httpsend.Blocked, Name: "IotHubUnauthorizedAccess", Message: "DEVICE_BLOCKED"}, false},
		{"daily quota", answers(403, `{"Message":"ErrorCode:IotHubQuotaExceeded;Total number of messages exceeded"}`),
			httpsend.Error{Kind: httpsend.QuotaExceeded, Name: "IotHubQuotaExceeded",
				Message: "Total number of messages exceeded"},
			true},
		{"daily quota, nested", answers(403, `{"Message":"{\"errorCode\":403002,\"message\":\"x\"}"}`),
			httpsend.Error{Kind: httpsend.QuotaExceeded, Code: 403002, Message: "x"}, true},
		{"disabled in the hub", answers(403, `{"errorCode":403012,"message":"DeviceDisabled"}`),
			httpsend.Error{Kind: httpsend.NotHere, Code: 403012, Message: "DeviceDisabled"}, false},
		{"forbidden otherwise", answers(403, `{"errorCode":403001,"message":"suspended"}`),
			httpsend.Error{Kind: httpsend.Invalid, Code: 403001, Message: "suspended"}, false},
		{"bad argument",
			answers(400, `{"Message":"ErrorCode:ArgumentInvalid;no"}`, "iothub-errorcode", "ArgumentInvalid"),
			httpsend.Error{Kind: httpsend.Invalid, Name: "ArgumentInvalid", Message: "no"}, false},
		{"too large", answers(413, ``), httpsend.Error{Kind: httpsend.TooLarge}, false},
		{"throttled", answers(429, `{"Message":"ErrorCode:ThrottlingBacklogTimeout;wait"}`, "Retry-After", "10"),
			httpsend.Error{Kind: httpsend.Throttled, Name: "ThrottlingBacklogTimeout", Message: "wait",
				RetryAfter: 10 * time.Second},
			true},
		{"server error", answers(500, `oops`, "x-ms-request-id", "r-1"),
			httpsend.Error{Kind: httpsend.Unavailable, Message: "oops", TrackingID: "r-1"}, true},
		{"200 is not 204", answers(200, `<html>portal</html>`),
			httpsend.Error{Kind: httpsend.Unavailable, Message: "<html>portal</html>"}, true},
		{"202 is not 204", answers(202, ``), httpsend.Error{Kind: httpsend.Unavailable}, true},
		{"redirect", answers(307, ``, "Location", "https://evil.example/"),
			httpsend.Error{Kind: httpsend.Unavailable}, true},
		{"error code in a string", answers(404, `{"errorCode":"DeviceNotFound","message":"x"}`),
			httpsend.Error{Kind: httpsend.NotHere, Name: "DeviceNotFound", Message: "x"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := &httpsend.Client{Transport: tt.answer, Tries: 1}
			err := client.Send(t.Context(), testTarget(t), httpsend.Event{Body: []byte("{}")})
			var got *httpsend.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if got.Kind != tt.want.Kind || got.Code != tt.want.Code || got.Name != tt.want.Name ||
				got.Message != tt.want.Message || got.TrackingID != tt.want.TrackingID ||
				got.RetryAfter != tt.want.RetryAfter || got.Tries != 1 {
				t.Errorf("got  %+v\nwant %+v", *got, tt.want)
			}
			if got.Retryable() != tt.retry {
				t.Errorf("retryable: %v", got.Retryable())
			}
		})
	}
}

// hubs is an emulator in memory with one provisioned device.
func hubs(t *testing.T, c emulator.Config) (*emulator.Emulator, *httpsend.Client, httpsend.Target) {
	t.Helper()
	e, err := emulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	e.Provision("dev-1", emulator.DefaultHub)
	k, err := httpsend.ParseKey(e.DeviceKey("dev-1"))
	if err != nil {
		t.Fatal(err)
	}
	target := httpsend.Target{Hub: emulator.DefaultHub, DeviceID: "dev-1", Key: k}
	return e, &httpsend.Client{Transport: e.RoundTripper()}, target
}

// 400 messages, 8 at a time, senders that wait 5 s: each fault is got around in
// time, and nothing is said to be stored that is not.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		fault      emulator.Fault
		duplicates bool
		late       int64 // who keeps to a Retry-After of 1 s has six tries in 5 s, and 20 % may refuse them all
	}{
		{"429 with Retry-After", emulator.Fault{Share: 0.2, Status: 429, RetryAfter: time.Second}, false, 2},
		{"429 without Retry-After", emulator.Fault{Share: 0.2, Status: 429}, false, 4}, // four tries in 5 s
		{"500", emulator.Fault{Share: 0.2, Status: 500}, false, 0},
		{"503", emulator.Fault{Share: 0.2, Status: 503}, false, 0},
		{"cut before storing", emulator.Fault{Share: 0.2, Cut: emulator.CutBefore}, false, 0},
		{"cut after storing", emulator.Fault{Share: 0.2, Cut: emulator.CutAfter}, true, 0},
		{"hangs", emulator.Fault{Share: 0.05, Hang: true}, false, 0},
		{"truncated 500", emulator.Fault{Share: 0.2, Status: 500, Truncate: true}, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, client, target := hubs(t, emulator.Config{Seed: 3, Faults: []emulator.Fault{tt.fault}})
				const messages = 400
				var late atomic.Int64
				places := make(chan struct{}, 8)
				var wg sync.WaitGroup
				for i := range messages {
					places <- struct{}{}
					wg.Go(func() {
						defer func() { <-places }()
						ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
						defer cancel()
						start, target := time.Now(), target
						target.AnswerBy = start.Add(5 * time.Second)
						n := strconv.Itoa(i)
						err := client.Send(ctx, target, httpsend.Event{Body: []byte(`{"n":` + n + `}`), MessageID: n})
						if err != nil {
							t.Errorf("message %d: %v", i, err)
						}
						if time.Since(start) > 5*time.Second {
							late.Add(1)
						}
					})
				}
				wg.Wait()
				if late.Load() > tt.late {
					t.Errorf("%d messages took longer than their sender waits", late.Load())
				}
				stored := map[string]int{}
				for _, event := range e.Events() {
					stored[event.MessageID]++
				}
				if len(stored) != messages {
					t.Errorf("%d of %d messages stored", len(stored), messages)
				}
				if twice := len(e.Events()) - messages; (twice > 0) != tt.duplicates {
					t.Errorf("%d duplicates", twice)
				}
			})
		})
	}
}

func TestNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 413} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := &httpsend.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				return answers(status, "")(r)
			})}
			if err := client.Send(t.Context(), testTarget(t), httpsend.Event{}); err == nil || calls != 1 {
				t.Errorf("%v after %d calls", err, calls)
			}
		})
	}
}

// BenchmarkSend is our own share of an event that is answered at once.
func BenchmarkSend(b *testing.B) {
	client := &httpsend.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
	})}
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	target, event := testTarget(b), httpsend.Event{Body: []byte("{}"), MessageID: "m"}
	target.AnswerBy = time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Send(ctx, target, event); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"Message":"ErrorCode:X;y"}`, `{"Message":"{\"errorCode\":1}"}`, `{"errorCode":{},"message":"{"}`, `[`, "\xff",
	} {
		f.Add(401, seed, "3", "X")
	}
	k := key(f)
	f.Fuzz(func(t *testing.T, status int, body, retryAfter, name string) {
		transport := answers(status, body, "Retry-After", retryAfter, "iothub-errorcode", name)
		client := &httpsend.Client{Tries: 1, Transport: transport}
		err := client.Send(context.Background(), httpsend.Target{Hub: "h", DeviceID: "d", Key: k}, httpsend.Event{})
		if status == 204 {
			return
		}
		var failed *httpsend.Error
		if !errors.As(err, &failed) || failed.Kind == 0 || failed.RetryAfter < 0 {
			t.Fatalf("got %v", err)
		}
		if len(failed.Message) > 400 || strings.ContainsAny(failed.Message, "\n\r") {
			t.Errorf("message %q", failed.Message)
		}
	})
}
