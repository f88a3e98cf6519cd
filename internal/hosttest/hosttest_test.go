package hosttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mayfly/internal/hosttest"
)

type invokeFunc func(context.Context, []byte) ([]byte, error)

func (f invokeFunc) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

func TestRuntimeAPI(t *testing.T) {
	t.Parallel()
	api := hosttest.StartRuntimeAPI(t)
	api.Loop(t, invokeFunc(func(ctx context.Context, event []byte) ([]byte, error) {
		if d, ok := ctx.Deadline(); !ok || time.Until(d) > time.Minute {
			return nil, errors.New("no deadline")
		}
		if string(event) == "fail" {
			return nil, errors.New("on purpose")
		}
		return bytes.ToUpper(event), nil
	}))
	<-api.Ready()
	for _, tt := range []struct {
		event, want string
		isError     bool
	}{
		{"hello", "HELLO", false},
		{"fail", `{"errorMessage":"on purpose","errorType":"*errors.errorString"}`, true},
		{"again", "AGAIN", false},
	} {
		got, isError, err := api.Invoke(t.Context(), []byte(tt.event), time.Now().Add(10*time.Second))
		if err != nil || isError != tt.isError || string(got) != tt.want {
			t.Errorf("%s: got %s, %v, %v", tt.event, got, isError, err)
		}
	}
}

// Invoke does not wait for a process that has ended or was never started.
func TestRuntimeAPIWithoutProcess(t *testing.T) {
	t.Parallel()
	api := hosttest.StartRuntimeAPI(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := api.Invoke(ctx, []byte("{}"), time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no process: %v", err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	api.Start(t, exec.Command(exe, "-test.run=^TestEndsAtOnce$", "-test.v"))
	if _, _, err := api.Invoke(t.Context(), []byte("{}"), time.Time{}); err == nil ||
		!strings.Contains(err.Error(), "TestEndsAtOnce") {
		t.Errorf("a process that ended: %v", err)
	}
}

// TestEndsAtOnce is a process that never asks for an event.
func TestEndsAtOnce(t *testing.T) { t.Parallel() }

// The parsers refuse what a front refuses or misunderstands.
func TestParsersAreStrict(t *testing.T) {
	t.Parallel()
	alb := func(b []byte) (*http.Response, error) { return hosttest.ParseALB(b, false) }
	albMulti := func(b []byte) (*http.Response, error) { return hosttest.ParseALB(b, true) }
	for _, tt := range []struct {
		name   string
		parse  func([]byte) (*http.Response, error)
		answer string
		ok     bool
	}{
		{"v2", hosttest.ParseV2, `{"statusCode":200,"headers":{"a":"b"},"cookies":["c=d"],"body":"x"}`, true},
		{"v2-no-status", hosttest.ParseV2, `{"body":"x"}`, false},
		{"v2-not-json", hosttest.ParseV2, `x`, false},
		{"v2-multi", hosttest.ParseV2, `{"statusCode":200,"multiValueHeaders":{}}`, false},
		{"v2-cookie-header", hosttest.ParseV2, `{"statusCode":200,"headers":{"set-cookie":"a=b"}}`, false},
		{"v2-base64", hosttest.ParseV2, `{"statusCode":200,"body":"*","isBase64Encoded":true}`, false},
		{"v1", hosttest.ParseV1, `{"statusCode":200,"multiValueHeaders":{"a":["b","c"]},"body":"x"}`, true},
		{"v1-unknown-member", hosttest.ParseV1, `{"statusCode":200,"retryable":true}`, false},
		{"v1-cookies", hosttest.ParseV1, `{"statusCode":200,"cookies":["a=b"]}`, false},
		{"alb", alb, `{"statusCode":200,"statusDescription":"200 OK","headers":{"a":"b"}}`, true},
		{"alb-no-description", alb, `{"statusCode":200,"headers":{"a":"b"}}`, false},
		{"alb-other-description", alb, `{"statusCode":200,"statusDescription":"OK"}`, false},
		{"alb-wrong-form", alb, `{"statusCode":200,"statusDescription":"200 OK","multiValueHeaders":{}}`, false},
		{"alb-multi", albMulti, `{"statusCode":200,"statusDescription":"200 OK","multiValueHeaders":{"a":["b"]}}`,
			true},
		{"alb-multi-wrong-form", albMulti, `{"statusCode":200,"statusDescription":"200 OK","headers":{}}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp, err := tt.parse([]byte(tt.answer))
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, %v", resp, err)
			}
			if resp != nil {
				_ = resp.Body.Close()
			}
		})
	}
}

// The events differ where the platforms differ.
func TestEvents(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://mayfly.example/a%20b?q=x%20y&q=z", nil)
	r.Header["X-A"] = []string{"1", "2"}
	r.Header.Set("Cookie", "a=1; b=2")
	r.Header.Set("Content-Type", "application/cbor")
	for _, tt := range []struct {
		name  string
		event []byte
		want  []string
	}{
		{"v2", hosttest.V2Event(r, []byte("x")), []string{`"rawPath":"/a b"`, `"x-a":"1,2"`, `"cookies":["a=1","b=2"]`,
			`"q=x%20y\u0026q=z"`, `"body":"eA=="`}},
		{"function-url", hosttest.FunctionURLEvent(r, []byte("x")), []string{`"rawPath":"/a%20b"`, ".lambda-url."}},
		{"v1", hosttest.V1Event(r, []byte("x")), []string{`"path":"/a%20b"`, `"X-A":["1","2"]`, `"q":["x y","z"]`,
			`"Cookie":["a=1; b=2"]`, `"body":"x"`}},
		{"alb", hosttest.ALBEvent(r, []byte("x"), false), []string{`"x-a":"2"`, `"q":"z"`, `"elb":{`}},
		{"alb-multi", hosttest.ALBEvent(r, []byte("x"), true), []string{`"x-a":["1","2"]`, `"q":["x%20y","z"]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, want := range tt.want {
				if !bytes.Contains(tt.event, []byte(want)) {
					t.Errorf("no %s in %s", want, tt.event)
				}
			}
		})
	}
}

func TestFrontClientReadsTheBody(t *testing.T) {
	t.Parallel()
	client := hosttest.Fronts()[0].Client(func(_ context.Context, event []byte) ([]byte, error) {
		if !bytes.Contains(event, []byte(`"body":"hello"`)) {
			t.Errorf("event %s", event)
		}
		return []byte(`{"statusCode":201,"body":"d29ybGQ=","isBase64Encoded":true}`), nil
	})
	resp, err := client.Post("http://mayfly.example", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "world" || resp.StatusCode != http.StatusCreated {
		t.Errorf("got %d %s, %v", resp.StatusCode, b, err)
	}
}
