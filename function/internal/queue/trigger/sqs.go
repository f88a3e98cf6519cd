package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/sqs"
)

// sqsEvent is what Lambda calls a function with for an event source mapping of SQS (AWS Lambda developer guide, "Using
// Lambda with Amazon SQS").
type sqsEvent struct {
	Records []struct {
		MessageID     string `json:"messageId"`
		ReceiptHandle string `json:"receiptHandle"`
		Body          string `json:"body"`
		Attributes    map[string]string
		EventSource   string `json:"eventSource"`
	}
}

// sqsAnswer names the messages that have to come again. Lambda deletes the others where the event source mapping has
// FunctionResponseTypes: [ReportBatchItemFailures].
type sqsAnswer struct {
	Failures []itemFailure `json:"batchItemFailures"`
}

type itemFailure struct {
	ID string `json:"itemIdentifier"`
}

// SQS delivers the messages of an event, and answers which have to come again: of a device all after the first one
// that failed. An error fails all of them.
func (t *Trigger) SQS(ctx context.Context, event []byte) (answer []byte, err error) {
	defer func() {
		if v := recover(); v != nil { // Lambda would end the process
			t.Log.ErrorContext(ctx, "panic in a batch of the queue", "panic", fmt.Sprint(v))
			err = errors.New("a fault in the bridge: all messages of the batch come again")
		}
	}()
	q, ok := t.Queue.(*sqs.Queue)
	if !ok {
		return nil, errors.New("QUEUE has to be sqs: and the queue that the function is called with")
	}
	var in sqsEvent
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, fmt.Errorf("the event is not one of SQS: %w", err)
	}
	items := make([]*queue.Leased, len(in.Records))
	ids := make(map[*queue.Leased]string, len(in.Records))
	for i, record := range in.Records {
		items[i] = sqs.Item(record.MessageID, record.ReceiptHandle, record.Body,
			func(name string) string { return record.Attributes[name] })
		ids[items[i]] = record.MessageID
	}
	failed := t.Handle(ctx, items)
	out := sqsAnswer{Failures: make([]itemFailure, len(failed))}
	waits := map[time.Duration][]*queue.Leased{}
	for i, item := range failed {
		out.Failures[i].ID = ids[item]
		wait := delay(item.Attempts)
		waits[wait] = append(waits[wait], item)
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	for wait, items := range waits {
		if err := q.Return(ctx, items, wait); err != nil { // then they wait as long as the queue's own timeout
			t.Log.LogAttrs(ctx, slog.LevelWarn, "queue: messages wait for the queue's visibility timeout",
				slog.Int("messages", len(items)), slog.String("error", err.Error()))
		}
	}
	return json.Marshal(out)
}
