package sqs

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"mayfly/function/internal/queue"
	"mayfly/internal/backoff"
)

// batchAnswer is what all actions on batches answer: the results of SendMessageBatch, DeleteMessageBatch and
// ChangeMessageVisibilityBatch have names of their own around the same.
type batchAnswer struct {
	Sent    batchResult `xml:"SendMessageBatchResult"`
	Deleted batchResult `xml:"DeleteMessageBatchResult"`
	Changed batchResult `xml:"ChangeMessageVisibilityBatchResult"`
}

type batchResult struct {
	Failed []batchFailure `xml:"BatchResultErrorEntry"`
	Sent   []batchDone    `xml:"SendMessageBatchResultEntry"`
}

type batchDone struct {
	ID string `xml:"Id"`
}

type batchFailure struct {
	ID          string `xml:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

// entry is one entry of a batch, by the names of its members.
type entry map[string]string

// batch makes one call for up to maxBatch entries, and again for those that failed at the queue's fault. It returns
// one error for each entry; nil: all are done.
func (c *client) batch(ctx context.Context, action string, entries []entry) []error {
	open := make([]int, len(entries)) // what is still to be done
	for i := range open {
		open[i] = i
	}
	errs := make([]error, len(entries))
	for n := range tries {
		if n > 0 && !backoff.Sleep(ctx, backoff.Jitter(n-1, firstPause, longPause)) {
			break
		}
		open = inOrder(c.batchOnce(ctx, action, entries, open, errs), entries, errs)
		if len(open) == 0 {
			break
		}
	}
	for _, err := range errs {
		if err != nil {
			return errs
		}
	}
	return nil
}

// inOrder gives those of again that may be sent again: an entry whose group has stored a later one would come after it,
// and stays refused.
func inOrder(again []int, entries []entry, errs []error) []int {
	return slices.DeleteFunc(again, func(i int) bool {
		group := entries[i][groupMember]
		if group == "" {
			return false
		}
		for later := i + 1; later < len(entries); later++ {
			if errs[later] == nil && entries[later][groupMember] == group {
				return true
			}
		}
		return false
	})
}

// batchOnce makes one call for the entries that are open, notes what became of each, and returns those that may be
// tried again.
func (c *client) batchOnce(
	ctx context.Context, action string, entries []entry, open []int, errs []error,
) (again []int) {
	input := url.Values{}
	for n, i := range open {
		prefix := action + "RequestEntry." + strconv.Itoa(n+1) + "."
		input.Set(prefix+"Id", strconv.Itoa(i))
		for member, value := range entries[i] {
			input.Set(prefix+member, value)
		}
	}
	var answer batchAnswer
	if err := c.once(ctx, action, input, callTimeout, &answer); err != nil {
		for _, i := range open {
			errs[i] = err
		}
		if isUnavailable(err) {
			return open
		}
		return nil
	}
	failed := map[string]batchFailure{}
	for _, result := range []batchResult{answer.Sent, answer.Deleted, answer.Changed} {
		for _, f := range result.Failed {
			failed[f.ID] = f
		}
	}
	stored := map[string]bool{}
	for _, done := range answer.Sent.Sent {
		stored[done.ID] = true
	}
	for _, i := range open {
		id := strconv.Itoa(i)
		f, isFailed := failed[id]
		switch {
		case isFailed:
			status := http.StatusInternalServerError
			if f.SenderFault {
				status = http.StatusBadRequest
			}
			err := c.failed(kindOfText(kindOf(status, f.Code), f.Message), newAPIError(status, f.Code, f.Message))
			errs[i] = err
			if isUnavailable(err) {
				again = append(again, i)
			}
		case action == "SendMessageBatch" && !stored[id]: // nothing is taken for stored that SQS does not confirm
			errs[i] = c.failed(queue.Unavailable, errors.New("SQS does not confirm the message"))
			again = append(again, i)
		default:
			errs[i] = nil
		}
	}
	return again
}
