package sqs_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/queuetest"
	"mayfly/function/internal/queue/sqs"
)

func keys(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET", SessionToken: "TOKEN"}, nil
}

// clocked is a queue of a server whose time passes when the test says so.
type clocked struct {
	*sqs.Queue
	server *fakeSQS
}

func open(t *testing.T, f *fakeSQS, at string) *clocked {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	q, err := sqs.New(sqs.Options{URL: at, Credentials: keys, Transport: transport, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return &clocked{q, f}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mayfly", "mayfly.fifo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queuetest.Run(t, func(t *testing.T) queue.Queue {
				f := startFake(t)
				return open(t, f, f.create(name))
			}, queuetest.Options{
				Sleep: func(q queue.Queue, d time.Duration) { q.(*clocked).server.passed.Add(int64(d)) },
				Quiet: 100 * time.Millisecond,
				Reopen: func(t *testing.T, closed queue.Queue) queue.Queue {
					f := closed.(*clocked).server
					return open(t, f, f.url+"/123456789012/"+name)
				},
			})
		})
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"https://sqs.eu-central-1.amazonaws.com/123456789012/mayfly":             true,
		"https://sqs.eu-central-1.amazonaws.com/123456789012/mayfly.fifo":        true,
		"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/a_b-c":             true,
		"http://127.0.0.1:4100/queue/mayfly":                                     true,
		"http://sqs.eu-central-1.amazonaws.com/123456789012/mayfly":              false,
		"https://sqs.eu-central-1.amazonaws.com/123456789012/":                   false,
		"https://sqs.eu-central-1.amazonaws.com/123456789012/a.b":                false,
		"https://sqs.eu-central-1.amazonaws.com/1/" + strings.Repeat("a", 81):    false,
		"https://user:SECRET@sqs.eu-central-1.amazonaws.com/1/mayfly":            false,
		"https://sqs.eu-central-1.amazonaws.com/1/mayfly?X-Amz-Signature=SECRET": false,
		"arn:aws:sqs:eu-central-1:123456789012:mayfly":                           false,
		"ftp://a/b": false,
		"":          false,
	} {
		err := sqs.Check(text)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The calls are signed for the region that the host names, and go where they are told to.
func TestRegionAndEndpoint(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"https://sqs.eu-central-1.amazonaws.com/1/q":                  "eu-central-1",
		"https://sqs-fips.us-gov-west-1.amazonaws.com/1/q":            "us-gov-west-1",
		"https://sqs.cn-north-1.amazonaws.com.cn/1/q":                 "cn-north-1",
		"https://ap-southeast-2.queue.amazonaws.com/1/q":              "ap-southeast-2",
		"https://vpce-0a1b-2c3d.sqs.eu-west-3.vpce.amazonaws.com/1/q": "eu-west-3",
		"https://sqs.eu-west-1.api.aws/1/q":                           "eu-west-1",
		"https://queue.amazonaws.com/1/q":                             "il-central-1",
		"https://queues.example/1/q":                                  "il-central-1",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var got *http.Request
		q, err := sqs.New(sqs.Options{
			URL: at, Region: "il-central-1", Credentials: keys, Now: time.Now, Endpoint: "http://localhost:4566",
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				got = r
				cancel() // it is not made again
				return nil, errors.New("no network")
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Depth(ctx); err == nil {
			t.Error("there is no network, and no error")
		}
		if auth := got.Header.Get("Authorization"); !strings.Contains(auth, "/"+want+"/sqs/") {
			t.Errorf("%s: %s", at, auth)
		}
		if got.URL.String() != "http://localhost:4566/" {
			t.Errorf("%s: sent to %s", at, got.URL)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   queue.Kind
		calls  int
	}{
		"deleted":       {400, errorXML("AWS.SimpleQueueService.NonExistentQueue", "gone"), queue.Missing, 1},
		"no rights":     {403, errorXML("AccessDenied", "TOKEN"), queue.Denied, 1},
		"wrong key":     {403, errorXML("SignatureDoesNotMatch", "canonical string with TOKEN"), queue.Denied, 1},
		"old token":     {400, errorXML("ExpiredToken", "TOKEN"), queue.Denied, 1},
		"forbidden":     {403, "TOKEN", queue.Denied, 1},
		"throttled":     {403, errorXML("RequestThrottled", "Rate exceeded"), queue.Unavailable, 3},
		"in flight":     {403, errorXML("OverLimit", "Too many messages in flight"), queue.Unavailable, 1},
		"key disabled":  {400, errorXML("KMS.InvalidStateException", "TOKEN"), queue.Denied, 1},
		"key throttled": {400, errorXML("KMS.ThrottlingException", "Rate exceeded"), queue.Unavailable, 3},
		"lease expired": {400, errorXML("InvalidParameterValue",
			"Value A for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."),
			queue.LeaseLost, 1},
		"too many":      {429, "", queue.Unavailable, 3},
		"fails":         {500, errorXML("InternalFailure", ""), queue.Unavailable, 3},
		"in between":    {502, "<html>", queue.Unavailable, 3},
		"not XML":       {200, "{}", queue.Unavailable, 3},
		"encrypted":     {400, errorXML("KmsAccessDenied", "TOKEN"), queue.Denied, 1},
		"wrong":         {400, errorXML("InvalidParameterValue", "a value"), queue.Unavailable, 1},
		"another, Long": {400, errorXML("AWS.SimpleQueueService.BatchRequestTooLong", ""), queue.TooLarge, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t)
			q := open(t, f, f.create("q"))
			f.refuse = func(string, url.Values) (int, string) { return tt.status, tt.body }
			errs := q.Put(t.Context(), []queue.Item{{Key: "a", ID: "1"}, {Key: "a", ID: "2"}})
			if len(errs) != 2 {
				t.Fatalf("errors %v, want two", errs)
			}
			for _, err := range append(errs, errOf(q.Depth(t.Context()))) {
				failed, ok := errors.AsType[*queue.Error](err)
				if !ok || failed.Kind != tt.want || strings.Contains(err.Error(), "TOKEN") {
					t.Errorf("error %v, want %s", err, tt.want)
				}
			}
			if n := f.count("SendMessageBatch"); n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
		})
	}
}

func errOf(_ queue.Depth, err error) error { return err }

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q, err := sqs.New(sqs.Options{
		URL: f.create("q"), Now: f.now, Transport: &http.Transport{},
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no identity")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	failed, ok := errors.AsType[*queue.Error](q.Check(t.Context()))
	if !ok || failed.Kind != queue.Denied {
		t.Errorf("error %v, want one of kind %q", failed, queue.Denied)
	}
}

func TestNoDeadLetterQueue(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q"))
	f.queues["q"].dead = ""
	f.queues["q"].receives = 0
	put(t, q, "1")
	got := receive(t, q, 1)
	for _, err := range []error{q.Check(t.Context()), q.Bury(t.Context(), got[0], []byte(`{}`))} {
		failed, ok := errors.AsType[*queue.Error](err)
		if !ok || failed.Kind != queue.Missing || !strings.Contains(err.Error(), "RedrivePolicy") {
			t.Errorf("error %v, want one that tells of the RedrivePolicy", err)
		}
	}
	if n := len(f.queues["q"].messages); n != 1 {
		t.Errorf("%d messages are left, want the one", n)
	}
}

// Messages that SQS itself gives up are dead letters without a reason.
func TestGivenUpBySQS(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q.fifo"))
	f.queues["q.fifo"].receives = 1
	put(t, q, "1")
	if err := q.Return(t.Context(), receive(t, q, 1), 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.mu.Lock()
	f.received = func() { // SQS moves the message when it is received
		if len(f.queues["q-dead.fifo"].messages) > 0 {
			cancel()
		}
	}
	f.mu.Unlock()
	if got, err := q.Receive(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
	list, err := q.DeadLetters().List(t.Context(), 10)
	if err != nil || len(list) != 1 || list[0].Item.ID != "1" || len(list[0].Reason) > 0 || !list[0].Buried.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if err := q.DeadLetters().Replay(t.Context(), list[0].ID); err != nil {
		t.Error(err)
	}
	if got := receive(t, q, 1); got[0].ID != "1" {
		t.Errorf("received %s", got[0].ID)
	}
}

// What somebody else has written is an item whose data are the whole message.
func TestForeignMessage(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q"))
	f.mu.Lock()
	f.send(f.queues["q"], `{"hello":1}`, "", "")
	f.mu.Unlock()
	got := receive(t, q, 1)
	if string(got[0].Data) != `{"hello":1}` || got[0].ID == "" {
		t.Errorf("%+v", got[0])
	}
	if err := q.Bury(t.Context(), got[0], []byte(`{"code":"invalid"}`)); err != nil {
		t.Error(err)
	}
}

// A dead letter is kept without its reason where there is no room for both.
func TestBuryLarge(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q"))
	put(t, q, strings.Repeat("x", q.Limits().ItemBytes))
	reason := []byte(`"` + strings.Repeat("r", 8<<10) + `"`)
	if err := q.Bury(t.Context(), receive(t, q, 1)[0], reason); err != nil {
		t.Fatal(err)
	}
	list, err := q.DeadLetters().List(t.Context(), 10)
	if err != nil || len(list) != 1 || len(list[0].Item.Data) != q.Limits().ItemBytes || len(list[0].Reason) > 0 {
		t.Errorf("%d dead letters, %v", len(list), err)
	}
}

// What a lambda event holds becomes the item that was put.
func TestItem(t *testing.T) {
	t.Parallel()
	body := envelope.Format(envelope.Envelope{Item: queue.Item{Key: "k", ID: "i", Data: []byte("d")}})
	attributes := map[string]string{
		"ApproximateReceiveCount": "3", "SentTimestamp": "1795291800000", "MessageGroupId": "g",
	}
	get := func(name string) string { return attributes[name] }
	got := sqs.Item("m", "r", body, get)
	if got.Key != "k" || got.ID != "i" || got.Attempts != 3 || got.Put.UnixMilli() != 1795291800000 {
		t.Errorf("%+v", got)
	}
	if got := sqs.Item("m", "r", "else", get); got.Key != "g" || got.ID != "m" || string(got.Data) != "else" {
		t.Errorf("%+v", got)
	}
}

func put(t *testing.T, q queue.Queue, data ...string) {
	t.Helper()
	for _, d := range data {
		id := d
		if len(id) > 20 {
			id = id[:20]
		}
		if errs := q.Put(t.Context(), []queue.Item{{Key: "a", ID: id, Data: []byte(d)}}); errs != nil {
			t.Fatal(errs)
		}
	}
}

func receive(t *testing.T, q queue.Queue, n int) []*queue.Leased {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := q.Receive(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
