package hosttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Direct invokes a handler in this process, without a network, with the context that the runtime loop would pass.
func Direct(h Handler) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		if _, ok := ctx.Deadline(); !ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
		}
		ctx = lambdacontext.NewContext(ctx,
			&lambdacontext.LambdaContext{AwsRequestID: "00000000-0000-4000-8000-000000000001"})
		// The runtime reuses its buffers: a handler must not keep them.
		payload := bytes.Clone(event)
		defer clear(payload)
		return h.Invoke(ctx, payload)
	}
}

// Loop serves the API's events with a handler in this process until the test ends. It replaces aws-lambda-go's own
// loop, which ends the whole process when the API goes away.
func (a *RuntimeAPI) Loop(tb testing.TB, h Handler) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if err := a.turn(ctx, h); err != nil && ctx.Err() == nil {
				tb.Errorf("hosttest: runtime loop: %v", err)
				return
			}
		}
	}()
	tb.Cleanup(func() {
		cancel()
		<-ended
	})
}

func (a *RuntimeAPI) turn(ctx context.Context, h Handler) error {
	base := a.server.URL + "/2018-06-01/runtime/invocation/"
	head, event, err := a.call(ctx, http.MethodGet, base+"next", nil, http.StatusOK)
	if err != nil {
		return err
	}
	ms, err := strconv.ParseInt(head.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if err != nil {
		return fmt.Errorf("deadline: %w", err)
	}
	id := head.Get("Lambda-Runtime-Aws-Request-Id")
	invokeCtx, cancel := context.WithDeadline(ctx, time.UnixMilli(ms))
	defer cancel()
	invokeCtx = lambdacontext.NewContext(invokeCtx, &lambdacontext.LambdaContext{AwsRequestID: id})

	path := "/response"
	answer, err := h.Invoke(invokeCtx, event)
	if err != nil {
		path = "/error"
		if answer, err = json.Marshal(map[string]string{"errorMessage": err.Error(),
			"errorType": fmt.Sprintf("%T", err)}); err != nil {
			return fmt.Errorf("write the error: %w", err)
		}
	}
	_, _, err = a.call(ctx, http.MethodPost, base+id+path, answer, http.StatusAccepted)
	return err
}

func (a *RuntimeAPI) call(ctx context.Context, method, url string, body []byte, want int) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("make the request: %w", err)
	}
	resp, err := a.server.Client().Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("call: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read: %w", err)
	}
	if resp.StatusCode != want {
		return nil, nil, fmt.Errorf("%s %s: status %d, want %d: %s", method, url, resp.StatusCode, want, b)
	}
	return resp.Header, b, nil
}
