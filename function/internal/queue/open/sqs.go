package open

import (
	"cmp"
	"context"
	"errors"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/sqs"
)

// checkTimeout bounds the question whether a queue is as it has to be, at the start.
const checkTimeout = 5 * time.Second

// openSQS makes a queue of SQS, with the variables by which AWS' own SDKs find what is not in the URL. A Lambda
// function does not ask the queue at its start: that would cost a call at each cold start.
func openSQS(ctx context.Context, t Target, o *Options) (queue.Queue, error) {
	q, err := sqs.New(sqs.Options{
		URL:         t.Place,
		Endpoint:    cmp.Or(o.Getenv("AWS_ENDPOINT_URL_SQS"), o.Getenv("AWS_ENDPOINT_URL")),
		Region:      cmp.Or(o.Getenv("AWS_REGION"), o.Getenv("AWS_DEFAULT_REGION")),
		Credentials: o.Secrets.AWSCredentials,
		Transport:   o.Transport,
		Now:         o.Now,
	})
	if err != nil {
		return nil, &queue.Error{Kind: queue.Missing, Queue: t.String(), Err: err}
	}
	if o.Getenv("AWS_LAMBDA_FUNCTION_NAME") != "" {
		return q, nil
	}
	return checked(ctx, q, o)
}

// checked asks a queue whether it is as it has to be. One that does not answer may do so later.
func checked[Q interface {
	queue.Queue
	Check(ctx context.Context) error
}](ctx context.Context, q Q, o *Options) (queue.Queue, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := q.Check(ctx)
	if failed, ok := errors.AsType[*queue.Error](err); ok && failed.Kind == queue.Unavailable {
		o.Log.WarnContext(ctx, "queue cannot be reached", "error", err.Error())
		return q, nil
	}
	if err != nil {
		_ = q.Close()
		return nil, err
	}
	return q, nil
}
