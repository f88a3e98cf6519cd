package function_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// A request that waits for a command does not hold up the stop of the server, and is answered.
func TestStopWhileARequestWaits(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
	azure.Provision("dev-1", "")
	service := instance(t, azure)
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- function.Serve(ctx, function.ServeOptions{
			Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Ready: func(a net.Addr) { ready <- a },
		}, service)
	}()
	url := "http://" + (<-ready).String() + "/api/devices/dev-1/telemetry?wait=25"
	answered := make(chan string, 1)
	start := time.Now()
	go func() {
		res, err := http.Post(url, "application/json", strings.NewReader(`{"n":1}`))
		if err != nil {
			answered <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		answered <- string(body)
	}()
	for len(azure.CallsWhere(emulator.Filter{Op: emulator.OpReceive})) == 0 {
		if time.Since(start) > 20*time.Second {
			t.Fatal("the hub is not asked")
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if got := <-answered; got != `{"delivered":1}`+"\n" {
		t.Error(got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
