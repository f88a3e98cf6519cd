package push

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	maxPushes = 16 // to one target at a time
	// A target that fails so often in a row is left alone for a while; then one push at a time tries it.
	openAfter = 5
	openFor   = 15 * time.Second
)

// target is a host that messages are pushed to.
type target struct {
	host    string
	places  chan struct{}
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
}

// target gives the target of a host, of which there are as many as the configuration names.
func (c *Client) target(host string) *target {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.targets[host]
	if t == nil {
		t = &target{host: host, places: make(chan struct{}, maxPushes)}
		t.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Name: host, MaxRequests: 1, Timeout: openFor,
			ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= openAfter },
			IsSuccessful: func(err error) bool { return err == nil },
		})
		c.targets[host] = t
	}
	return t
}

func (t *target) ready() bool { return t.breaker.State() != gobreaker.StateOpen }

var errDown = errors.New("down")

// enter waits for a place. done has to be told how the push ended.
func (t *target) enter(ctx context.Context) (done func(*Error), failed *Error) {
	select {
	case t.places <- struct{}{}:
	case <-ctx.Done():
		return nil, &Error{Kind: Down, Text: t.host + ": too many messages are on their way there"}
	}
	report, err := t.breaker.Allow()
	if err != nil {
		<-t.places
		return nil, &Error{Kind: Down, Text: t.host + ": it has failed too often, and is left alone for a while",
			RetryAfter: openFor}
	}
	return func(e *Error) {
		<-t.places
		if e != nil && e.Kind == Down {
			report(errDown)
			return
		}
		report(nil)
	}, nil
}

// retryAfter reads how long an answer asks to wait.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	seconds, err := strconv.Atoi(text)
	wait := time.Duration(seconds) * time.Second
	if at, failed := http.ParseTime(text); err != nil && failed == nil {
		wait = at.Sub(now)
	} else if err != nil {
		return 0
	}
	return min(max(wait, 0), maxRetryAfter)
}
