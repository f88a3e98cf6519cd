package hosttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// RuntimeAPI is a double of the Lambda Runtime API, which a function's process calls. It serves any number of
// processes; an event goes to the one that asks next.
type RuntimeAPI struct {
	server *httptest.Server
	events chan *invocation
	done   chan struct{}
	ready  chan struct{} // closed at the first request for an event

	readyOnce sync.Once
	mu        sync.Mutex
	pending   map[string]*invocation
	processes []*Process
	extension int
}

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	result   chan result // of capacity 1
}

type result struct {
	body    []byte
	isError bool
}

// StartRuntimeAPI serves a Runtime API on 127.0.0.1 until the test ends.
func StartRuntimeAPI(tb testing.TB) *RuntimeAPI {
	tb.Helper()
	a := &RuntimeAPI{
		events:  make(chan *invocation),
		done:    make(chan struct{}),
		ready:   make(chan struct{}),
		pending: make(map[string]*invocation),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.response)
	mux.HandleFunc("POST /2020-01-01/extension/register", a.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) { a.wait(r) })
	a.server = httptest.NewServer(mux)
	tb.Cleanup(func() {
		close(a.done)
		a.server.CloseClientConnections()
		a.server.Close()
	})
	return a
}

// Addr is host:port, which is the form of AWS_LAMBDA_RUNTIME_API.
func (a *RuntimeAPI) Addr() string { return strings.TrimPrefix(a.server.URL, "http://") }

// Start runs cmd as a function's process: with cmd's own environment, the address of the API, and the variables with
// the function's name and size. The process is killed when the test ends.
func (a *RuntimeAPI) Start(tb testing.TB, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := start(tb, cmd,
		"AWS_LAMBDA_RUNTIME_API="+a.Addr(),
		"AWS_LAMBDA_FUNCTION_NAME=mayfly",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=eu-central-1",
	)
	a.mu.Lock()
	a.processes = append(a.processes, p)
	a.mu.Unlock()
	return p
}

// Ready is closed when a process has asked for its first event, which ends a cold start for Lambda.
func (a *RuntimeAPI) Ready() <-chan struct{} { return a.ready }

// Extensions returns how many extensions have registered. Each delays cold starts.
func (a *RuntimeAPI) Extensions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.extension
}

// Invoke sends an event to a process and returns its answer. isError distinguishes a function error (the process
// reported one) from a response; err is for an event that was not answered because ctx or the process ended. A zero
// deadline is 30 seconds from now. As in Lambda the process learns the deadline, but nothing enforces it here.
func (a *RuntimeAPI) Invoke(ctx context.Context, event []byte, deadline time.Time) (response []byte, isError bool,
	err error) {
	if deadline.IsZero() {
		deadline = time.Now().Add(30 * time.Second)
	}
	inv := &invocation{id: rand.Text(), event: event, deadline: deadline, result: make(chan result, 1)}
	a.mu.Lock()
	a.pending[inv.id] = inv
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.pending, inv.id)
		a.mu.Unlock()
	}()

	died, stop := a.death()
	defer stop()
	select {
	case a.events <- inv:
	case err := <-died:
		return nil, false, err
	case <-ctx.Done():
		return nil, false, fmt.Errorf("hosttest: no process asked for the event: %w", ctx.Err())
	}
	select {
	case r := <-inv.result:
		return r.body, r.isError, nil
	case err := <-died:
		// A process may have reported its own panic before it ended.
		select {
		case r := <-inv.result:
			return r.body, r.isError, nil
		default:
			return nil, false, err
		}
	case <-ctx.Done():
		return nil, false, fmt.Errorf("hosttest: the process did not answer: %w", ctx.Err())
	}
}

// death reports when the last of the started processes has ended. It never does without a process, when an in-process
// loop serves the events.
func (a *RuntimeAPI) death() (<-chan error, func()) {
	a.mu.Lock()
	processes := append([]*Process(nil), a.processes...)
	a.mu.Unlock()
	died, stop := make(chan error, 1), make(chan struct{})
	if len(processes) == 0 {
		return died, func() {}
	}
	go func() {
		for _, p := range processes {
			select {
			case <-p.exited:
			case <-stop:
				return
			}
		}
		died <- processes[len(processes)-1].died()
	}()
	return died, func() { close(stop) }
}

// wait blocks until the client or the double ends.
func (a *RuntimeAPI) wait(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-a.done:
	}
}

func (a *RuntimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.readyOnce.Do(func() { close(a.ready) })
	select {
	case inv := <-a.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:mayfly")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5c34e93e-4dea0086f9763ac0667b115a;Sampled=0")
		_, _ = w.Write(inv.event)
	case <-r.Context().Done():
	case <-a.done:
	}
}

// response accepts the response or the error of an invocation. A status other than 202 ends the runtime loop, so it is
// the answer for an unknown invocation.
func (a *RuntimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := r.PathValue("id")
	a.mu.Lock()
	inv := a.pending[id]
	delete(a.pending, id)
	a.mu.Unlock()
	if inv == nil {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	// An error while streaming is in a trailer, after the body.
	failed := strings.HasSuffix(r.URL.Path, "/error") || r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != ""
	inv.result <- result{body: body, isError: failed}
	w.WriteHeader(http.StatusAccepted)
}

func (a *RuntimeAPI) register(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	a.extension++
	a.mu.Unlock()
	w.Header().Set("Lambda-Extension-Identifier", rand.Text())
}

// Handler is aws-lambda-go's lambda.Handler.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// ErrFunction marks what [Invoker] returns for a function error.
var ErrFunction = errors.New("hosttest: function error")

// Invoker returns the API as the function that [Front.Client] wants.
func (a *RuntimeAPI) Invoker() func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		deadline, _ := ctx.Deadline()
		response, isError, err := a.Invoke(ctx, event, deadline)
		if isError {
			return nil, fmt.Errorf("%w: %s", ErrFunction, response)
		}
		return response, err
	}
}
