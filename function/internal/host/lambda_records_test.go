package host_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"mayfly/function/internal/host"
	"mayfly/function/internal/requestlog"
)

// triggered takes messages of a queue beside requests.
type triggered struct {
	http.Handler
	records func(ctx context.Context, event []byte) ([]byte, error)
}

func (t triggered) Records() func(ctx context.Context, event []byte) ([]byte, error) {
	return t.records
}

// An event of SQS goes to who takes it, with a deadline and an id, and what that answers is the answer.
func TestLambdaRecords(t *testing.T) {
	t.Parallel()
	const event = `{"Records":[{"messageId":"1","body":"x","eventSource":"aws:sqs"}]}`
	h := triggered{http.NotFoundHandler(), func(ctx context.Context, got []byte) ([]byte, error) {
		deadline, _ := ctx.Deadline()
		if string(got) != event || requestlog.ID(ctx) != "invocation-1" || time.Until(deadline) > 10*time.Second {
			return nil, errors.New("another event, no id or no deadline")
		}
		return []byte(`{"batchItemFailures":[]}`), nil
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
	answer, err := host.NewLambdaHandler(h, slog.New(slog.DiscardHandler)).Invoke(ctx, []byte(event))
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("%s, %v", answer, err)
	}
}

// Without a queue, and for the records of others, there is the error that says what is supported.
func TestLambdaRecordsOfOthers(t *testing.T) {
	t.Parallel()
	with := triggered{http.NotFoundHandler(), func(context.Context, []byte) ([]byte, error) { return nil, nil }}
	without := triggered{http.NotFoundHandler(), nil}
	for name, tt := range map[string]struct {
		handler http.Handler
		event   string
	}{
		"no queue":    {without, `{"Records":[{"eventSource":"aws:sqs"}]}`},
		"HTTP only":   {http.NotFoundHandler(), `{"Records":[{"eventSource":"aws:sqs"}]}`},
		"SNS":         {with, `{"Records":[{"EventSource":"aws:sns"}]}`},
		"no source":   {with, `{"Records":[{}]}`},
		"no record":   {with, `{"Records":[]}`},
		"no messages": {with, `{"Records":null}`},
	} {
		h := host.NewLambdaHandler(tt.handler, slog.New(slog.DiscardHandler))
		answer, err := h.Invoke(t.Context(), []byte(tt.event))
		if _, ok := errors.AsType[*host.UnsupportedEventError](err); !ok {
			t.Errorf("%s: %s, %v", name, answer, err)
		}
	}
}
