package sqs_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mayfly/function/internal/queue"
)

// Of a batch that fails in part, what is the queue's fault is tried again, and the rest is told.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q"))
	failed := false
	f.failEntry = func(_, value string) (string, bool) {
		switch {
		case strings.Contains(value, "later") && !failed:
			failed = true
			return "InternalError", false
		case strings.Contains(value, "never"):
			return "InvalidMessageContents", true
		case strings.Contains(value, "down"):
			return "ServiceUnavailable", false
		}
		return "", false
	}
	errs := q.Put(t.Context(), []queue.Item{
		{ID: "1", Data: []byte("at once")}, {ID: "2", Data: []byte("never")}, {ID: "3", Data: []byte("later")},
		{ID: "4", Data: []byte("down")},
	})
	var kinds []queue.Kind
	for _, err := range errs {
		kind := queue.Kind("")
		if failure, ok := errors.AsType[*queue.Error](err); ok {
			kind = failure.Kind
		}
		kinds = append(kinds, kind)
	}
	if want := []queue.Kind{"", queue.TooLarge, "", queue.Unavailable}; !slices.Equal(kinds, want) {
		t.Errorf("%q, want %q", kinds, want)
	}
	if d, err := q.Depth(t.Context()); err != nil || d.Items != 2 {
		t.Errorf("%+v, %v, want the two that are stored", d, err)
	}
}

// What a FIFO queue has not taken of a batch is not sent behind a later message of its group.
func TestPartialFailureKeepsOrder(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q.fifo"))
	failed := map[string]bool{}
	f.failEntry = func(_, value string) (string, bool) {
		for _, data := range []string{"a1", "b2", "c1", "c2"} {
			if strings.HasSuffix(value, data) && !failed[data] {
				failed[data] = true
				return "InternalError", false
			}
		}
		return "", false
	}
	var items []queue.Item
	for _, data := range []string{"a1", "b1", "a2", "b2", "c1", "c2"} {
		items = append(items, queue.Item{Key: data[:1], ID: data, Data: []byte(data)})
	}
	errs := q.Put(t.Context(), items)
	for i, err := range errs {
		failure, ok := errors.AsType[*queue.Error](err)
		if want := items[i].ID == "a1"; ok != want || ok && failure.Kind != queue.Unavailable {
			t.Errorf("%s: error %v", items[i].ID, err)
		}
	}
	var got []string
	for _, m := range f.queues["q.fifo"].messages {
		got = append(got, m.body[len(m.body)-2:])
	}
	if want := []string{"b1", "a2", "b2", "c1", "c2"}; !slices.Equal(got, want) || errs == nil {
		t.Errorf("the queue has %v, want %v", got, want)
	}
}

// A queue that takes less than others says so in words alone.
func TestMaximumMessageSize(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q"))
	f.refuse = func(string, url.Values) (int, string) {
		return http.StatusOK, `<SendMessageBatchResponse><SendMessageBatchResult><BatchResultErrorEntry><Id>0</Id>` +
			`<SenderFault>true</SenderFault><Code>InvalidParameterValue</Code><Message>One or more parameters are ` +
			`invalid. Reason: Message must be shorter than 1024 bytes.</Message></BatchResultErrorEntry>` +
			`</SendMessageBatchResult></SendMessageBatchResponse>`
	}
	errs := q.Put(t.Context(), []queue.Item{{ID: "1"}})
	if failed, ok := errors.AsType[*queue.Error](errs[0]); !ok || failed.Kind != queue.TooLarge {
		t.Errorf("error %v, want one of kind %q", errs, queue.TooLarge)
	}
}

// Nothing is taken for stored that the queue does not confirm.
func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	q := open(t, f, f.create("q"))
	f.refuse = func(string, url.Values) (int, string) {
		return http.StatusOK, `<SendMessageBatchResponse><SendMessageBatchResult/></SendMessageBatchResponse>`
	}
	if errs := q.Put(t.Context(), []queue.Item{{ID: "1"}}); len(errs) != 1 || errs[0] == nil {
		t.Errorf("errors %v, want one", errs)
	}
}
