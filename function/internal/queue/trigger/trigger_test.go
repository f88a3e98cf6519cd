package trigger_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/sqs"
	"mayfly/function/internal/queue/storagequeue"
	"mayfly/function/internal/queue/trigger"
)

// server notes the calls that reach it.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []string
	status int // 0: all is well
}

func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, body []byte) (call string)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.status != 0 {
			w.WriteHeader(s.status)
			s.calls = append(s.calls, "failed")
			return
		}
		s.calls = append(s.calls, answer(w, r, body))
	}))
	t.Cleanup(s.Close)
	return s
}

func text(id string) string {
	return envelope.Format(envelope.Envelope{Item: queue.Item{Key: "k", ID: id, Data: []byte(`{"v":1}`)}})
}

// handler fails the items with these ids, and notes all.
type handler struct {
	fails []string
	got   []*queue.Leased
}

func (h *handler) handle(_ context.Context, items []*queue.Leased) (failed []*queue.Leased) {
	h.got = append(h.got, items...)
	for _, item := range items {
		if item.ID == "panic" {
			panic("a fault")
		}
		if slices.Contains(h.fails, item.ID) {
			failed = append(failed, item)
		}
	}
	return failed
}

func ofSQS(t *testing.T, s *server, h *handler) *trigger.Trigger {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	q, err := sqs.New(sqs.Options{
		URL: s.URL + "/1/mayfly.fifo", Now: time.Now, Transport: transport,
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID"}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &trigger.Trigger{Queue: q, Handle: h.handle, Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

func visibility(w http.ResponseWriter, _ *http.Request, body []byte) string {
	form, _ := url.ParseQuery(string(body))
	call := form.Get("Action")
	for n := 1; form.Has(fmt.Sprintf("%sRequestEntry.%d.Id", call, n)); n++ {
		prefix := fmt.Sprintf("%sRequestEntry.%d.", form.Get("Action"), n)
		call += " " + form.Get(prefix+"ReceiptHandle") + "=" + form.Get(prefix+"VisibilityTimeout")
	}
	_, _ = io.WriteString(w, "<R/>")
	return call
}

// record is one of an event, as SQS writes it.
func record(id, body, attempts string) map[string]any {
	return map[string]any{
		"messageId": "message-" + id, "receiptHandle": "receipt-" + id, "body": body, "eventSource": "aws:sqs",
		"attributes": map[string]string{
			"ApproximateReceiveCount": attempts, "SentTimestamp": "1795291800000", "MessageGroupId": "k",
		},
		"eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:mayfly.fifo", "awsRegion": "eu-central-1",
	}
}

func event(records ...map[string]any) []byte {
	text, _ := json.Marshal(map[string]any{"Records": records})
	return text
}

func TestSQS(t *testing.T) {
	t.Parallel()
	s := serve(t, visibility)
	h := &handler{fails: []string{"b", "d", "message-foreign"}}
	answer, err := ofSQS(t, s, h).SQS(t.Context(), event(
		record("1", text("a"), "1"), record("2", text("b"), "1"), record("3", text("c"), "x"),
		record("4", text("d"), "5"), record("foreign", `{"hello":1}`, "1000"),
	))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"batchItemFailures":[{"itemIdentifier":"message-2"},{"itemIdentifier":"message-4"},` +
		`{"itemIdentifier":"message-foreign"}]}`
	if string(answer) != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
	slices.Sort(s.calls)
	if diff := cmp.Diff([]string{
		"ChangeMessageVisibilityBatch receipt-2=10", "ChangeMessageVisibilityBatch receipt-4=160",
		"ChangeMessageVisibilityBatch receipt-foreign=900",
	}, s.calls); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, item := range h.got {
		got = append(got, fmt.Sprint(item.ID, item.Attempts))
	}
	if diff := cmp.Diff([]string{"a1", "b1", "c1", "d5", "message-foreign1000"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSQSAllDelivered(t *testing.T) {
	t.Parallel()
	s := serve(t, visibility)
	answer, err := ofSQS(t, s, &handler{}).SQS(t.Context(), event(record("1", text("a"), "1")))
	if err != nil || string(answer) != `{"batchItemFailures":[]}` || len(s.calls) > 0 {
		t.Errorf("%s, %v, %v", answer, err, s.calls)
	}
}

// A queue that cannot be told leaves the messages to its own timeout.
func TestSQSDown(t *testing.T) {
	t.Parallel()
	s := serve(t, visibility)
	s.status = http.StatusForbidden
	answer, err := ofSQS(t, s, &handler{fails: []string{"a"}}).SQS(t.Context(), event(record("1", text("a"), "1")))
	if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"message-1"}]}` {
		t.Errorf("%s, %v", answer, err)
	}
}

// What fails as a whole is an error: all messages come again.
func TestSQSFails(t *testing.T) {
	t.Parallel()
	s := serve(t, visibility)
	ok := ofSQS(t, s, &handler{})
	for name, tt := range map[string]struct {
		trigger *trigger.Trigger
		event   []byte
	}{
		"panic":         {ok, event(record("1", text("panic"), "1"))},
		"not an event":  {ok, []byte(`{"Records":[{"body":1}]}`)},
		"another queue": {&trigger.Trigger{Queue: atStorage(t, s), Handle: (&handler{}).handle}, event()},
	} {
		tt.trigger.Log = slog.New(slog.DiscardHandler)
		if answer, err := tt.trigger.SQS(t.Context(), tt.event); err == nil {
			t.Errorf("%s: %s, want an error", name, answer)
		}
	}
}

func atStorage(t *testing.T, s *server) *storagequeue.Queue {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	q, err := storagequeue.New(storagequeue.Options{
		URL: s.URL + "/devstoreaccount1/mayfly", Now: time.Now, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// stored notes what is put into a queue, as QUEUE?VISIBILITYTIMEOUT: ID ATTEMPTS.
func stored(w http.ResponseWriter, r *http.Request, body []byte) string {
	w.WriteHeader(http.StatusCreated)
	var in struct {
		Text string `xml:"MessageText"`
	}
	_ = xml.Unmarshal(body, &in)
	plain, _ := base64.StdEncoding.DecodeString(in.Text)
	e, _ := envelope.Parse(string(plain))
	return fmt.Sprintf("%s %s?%s: %s %d", r.Method, strings.TrimPrefix(r.URL.Path, "/devstoreaccount1/"),
		r.URL.Query().Get("visibilitytimeout"), e.ID, e.Attempts)
}

// The host hands a message over in one of several forms.
func TestStorage(t *testing.T) {
	t.Parallel()
	quote := func(s string) string {
		b, _ := json.Marshal(s)
		return string(b)
	}
	const about = `{"Id":"m","DequeueCount":"2","InsertionTime":"2026-11-28T01:02:03.45+00:00","PopReceipt":"p"}`
	const inStrings = `{"Id":"\"m\"","DequeueCount":"\"3\"","InsertionTime":"\"2026-11-28T01:02:03.45+00:00\""}`
	for name, tt := range map[string]struct {
		data, metadata string
		fails          string
		status         int
		id             string
		attempts       int
		calls          []string
	}{
		"text":        {quote(text("a")), about, "", 200, "a", 2, nil},
		"quoted":      {quote(quote(text("a"))), about, "", 200, "a", 2, nil},
		"base64":      {quote(base64.StdEncoding.EncodeToString([]byte(text("a")))), about, "", 200, "a", 2, nil},
		"object":      {`{"v":1,"entry":{}}`, about, "", 200, "m", 2, nil},
		"object text": {quote(quote(`{"v":1,"entry":{}}`)), about, "", 200, "m", 2, nil},
		"in strings":  {quote(text("a")), inStrings, "", 200, "a", 3, nil},
		"numbers":     {quote(text("a")), `{"Id":"m","DequeueCount":3}`, "", 200, "a", 3, nil},
		"no metadata": {quote(text("a")), `{}`, "", 200, "a", 1, nil},
		"fails":       {quote(text("a")), about, "a", 200, "a", 2, []string{"POST mayfly/messages?20: a 2"}},
		"number":      {`5`, about, "", 500, "", 0, nil},
		"null":        {`null`, about, "", 500, "", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, stored)
			h := &handler{fails: []string{tt.fails}}
			tr := &trigger.Trigger{
				Queue: atStorage(t, s), Handle: h.handle, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			}
			w := httptest.NewRecorder()
			tr.Storage(t.Context(), w, map[string]json.RawMessage{"message": json.RawMessage(tt.data)},
				json.RawMessage(tt.metadata))
			var answer struct {
				Outputs map[string]any
				Logs    []string
			}
			err := json.Unmarshal(w.Body.Bytes(), &answer)
			if err != nil || w.Code != tt.status || len(answer.Logs) != 1 {
				t.Fatalf("%d %s, %v, want %d and a JSON object", w.Code, w.Body, err, tt.status)
			}
			if diff := cmp.Diff(tt.calls, s.calls); diff != "" {
				t.Error(diff)
			}
			if tt.id == "" {
				return
			}
			if got := h.got[0]; got.ID != tt.id || got.Attempts != tt.attempts {
				t.Errorf("%+v, want %s at attempt %d", got, tt.id, tt.attempts)
			}
			at := h.got[0].Put.Format(time.RFC3339)
			if strings.Contains(tt.metadata, "2026") && at != "2026-11-28T01:02:03Z" {
				t.Errorf("it was put at %v", at)
			}
		})
	}
}

// A message that cannot be stored again fails the call, so that the host keeps it.
func TestStorageDown(t *testing.T) {
	t.Parallel()
	s := serve(t, stored)
	s.status = http.StatusForbidden
	h := &handler{fails: []string{"a"}}
	tr := &trigger.Trigger{Queue: atStorage(t, s), Handle: h.handle, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	message, _ := json.Marshal(text("a"))
	w := httptest.NewRecorder()
	tr.Storage(t.Context(), w, map[string]json.RawMessage{"message": message}, json.RawMessage(`{}`))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("%d %s, want 500", w.Code, w.Body)
	}
}

// An item of a trigger is buried without being deleted: the host does that.
func TestBury(t *testing.T) {
	t.Parallel()
	s := serve(t, stored)
	q := atStorage(t, s)
	if err := q.Bury(t.Context(), storagequeue.Item("m", text("a"), 3, ""), []byte(`{"code":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST mayfly-poison/messages?: a 3"}, s.calls); diff != "" {
		t.Error(diff)
	}
}

func TestFromHost(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"User-Agent": true, "X-Azure-Functions-InvocationId": true, "X-Azure-Functions-HostVersion": true,
		"Content-Type": true, "Traceparent": true,
		"X-Forwarded-For": false, "X-Forwarded-Proto": false, "X-Original-Url": false, "X-ARR-LOG-ID": false,
		"Disguised-Host": false, "Forwarded": false, "X-Functions-Key": false, "Max-Forwards": false,
		"X-Ms-Client-Principal-Id": false, "Client-IP": false, "X-SITE-DEPLOYMENT-ID": false,
	} {
		r := httptest.NewRequest(http.MethodPost, "/queue", http.NoBody)
		r.Header.Set(name, "x")
		if got := trigger.FromHost(r); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Ensure that no call of the host makes the trigger panic, and that each gets JSON as its answer.
func FuzzStorage(f *testing.F) {
	f.Add(`"\"{}\""`, `{"Id":"a","DequeueCount":"5"}`)
	f.Add(`{}`, `[]`)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) }))
	f.Cleanup(s.Close)
	q, err := storagequeue.New(storagequeue.Options{
		URL: s.URL + "/devstoreaccount1/mayfly", Now: time.Now, Transport: http.DefaultTransport,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data, metadata string) {
		tr := &trigger.Trigger{Queue: q, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			Handle: func(context.Context, []*queue.Leased) []*queue.Leased { return nil }}
		w := httptest.NewRecorder()
		tr.Storage(t.Context(), w, map[string]json.RawMessage{"m": json.RawMessage(data)}, json.RawMessage(metadata))
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("answer %s", w.Body)
		}
	})
}
