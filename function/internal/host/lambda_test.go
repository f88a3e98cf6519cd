package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/host"
	"mayfly/function/internal/requestlog"
	"mayfly/internal/hosttest"
)

func lambdaClient(t *testing.T, h http.Handler) *http.Client {
	t.Helper()
	return hosttest.Fronts()[0].Client(hosttest.Direct(host.NewLambdaHandler(h, slog.New(slog.DiscardHandler))))
}

// invokeLambda gives an event to h and returns the answer as a document.
func invokeLambda(t *testing.T, event string, h http.HandlerFunc) map[string]any {
	t.Helper()
	b, err := hosttest.Direct(host.NewLambdaHandler(h, slog.New(slog.DiscardHandler)))(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return doc
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "lambda", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Ensure that events as the platforms write them become the requests that the
// clients wrote.
func TestLambdaRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		want string
	}{
		{"http-api", "POST /my/path?parameter1=value1&parameter1=value2&parameter2=value from 198.51.100.7:0 " +
			"for r3pmxmplak.execute-api.us-east-2.amazonaws.com, cookie1=a; cookie2=b: Hello from client!"},
		{"http-api-stage", "GET /api/devices/a b/telemetry?x=%20 from 198.51.100.7:0 for api.example.com, : "},
		{"http-api-v1", "POST /my/path?parameter1=value1&parameter1=value2&parameter2=a+b from 198.51.100.7:0 " +
			"for id.execute-api.us-east-1.amazonaws.com, : {}"},
		{"function-url", "POST /a b?p=%2F from [2001:db8::7]:0 for url-id.lambda-url.us-west-2.on.aws, k=v: \x00\xff"},
		{"rest-api", "POST /hello/world?name=me&name=you from 192.0.2.1:0 for " +
			"gy415nuibc.execute-api.us-east-1.amazonaws.com, : {\r\n\t\"a\": 1\r\n}"},
		{"rest-api-console", "GET / from test-invoke-source-ip:0 for , : "},
		{"alb", "GET /lambda?query=1%2B2 from 192.0.2.1:0 for lambda-alb.us-east-1.elb.amazonaws.com, : "},
		{"alb-multi", "GET /?key=a&key=b%20c from 192.0.2.9:4711 for lambda-alb.us-east-1.elb.amazonaws.com, : "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			invokeLambda(t, fixture(t, tt.name), func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got := r.Method + " " + r.URL.Path
				if r.URL.RawQuery != "" {
					got += "?" + r.URL.RawQuery
				}
				got += " from " + r.RemoteAddr + " for " + r.Host + ", " + r.Header.Get("Cookie") + ": " + string(body)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("request (-want +got):\n%s", diff)
				}
				if r.ContentLength != int64(len(body)) {
					t.Errorf("ContentLength %d, body has %d", r.ContentLength, len(body))
				}
				if r.RequestURI != r.URL.RequestURI() {
					t.Errorf("RequestURI %q, URL %q", r.RequestURI, r.URL)
				}
				if r.Header.Get("Host") != "" {
					t.Error("the header has a Host")
				}
				if got := requestlog.ID(r.Context()); got != "00000000-0000-4000-8000-000000000001" {
					t.Errorf("RequestID %q", got)
				}
			})
		})
	}
}

// Ensure that each front is answered in its own form.
func TestLambdaResponse(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header()["X-Twice"] = []string{"1", "2"}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "1")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "<é>")
	}
	type doc = map[string]any
	list := func(v ...any) []any { return v }
	multi := doc{"Set-Cookie": list("a=1", "b=2"), "X-Twice": list("1", "2"), "Content-Type": list("text/plain")}
	for _, tt := range []struct {
		name string
		want doc
	}{
		{"http-api", doc{"cookies": list("a=1", "b=2"),
			"headers": doc{"X-Twice": "1,2", "Content-Type": "text/plain"}}},
		{"function-url", doc{"cookies": list("a=1", "b=2"),
			"headers": doc{"X-Twice": "1,2", "Content-Type": "text/plain"}}},
		{"http-api-v1", doc{"multiValueHeaders": multi}},
		{"rest-api", doc{"multiValueHeaders": multi}},
		{"alb", doc{"statusDescription": "202 Accepted",
			"headers": doc{"Set-Cookie": "b=2", "X-Twice": "1,2", "Content-Type": "text/plain"}}},
		{"alb-multi", doc{"statusDescription": "202 Accepted", "multiValueHeaders": multi}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want["statusCode"], tt.want["body"], tt.want["isBase64Encoded"] = 202.0, "<é>", false
			if diff := cmp.Diff(tt.want, invokeLambda(t, fixture(t, tt.name), answer)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// Ensure that the path is understood in the encoded and in the decoded form,
// and that only a named stage of an HTTP API is taken off it.
func TestLambdaPath(t *testing.T) {
	t.Parallel()
	event := func(stage, path string) string {
		b, _ := json.Marshal(map[string]any{"version": "2.0", "rawPath": path, "requestContext": map[string]any{
			"stage": stage, "http": map[string]string{"method": "GET"},
		}})
		return string(b)
	}
	for _, tt := range []struct{ name, stage, path, want, wantEscaped string }{
		{"plain", "$default", "/a/b", "/a/b", "/a/b"},
		{"empty", "$default", "", "/", "/"},
		{"relative", "$default", "a", "/a", "/a"},
		{"encoded", "$default", "/a%20b/%C3%BC", "/a b/ü", "/a%20b/%C3%BC"},
		{"encoded-slash", "$default", "/a%2Fb", "/a/b", "/a%2Fb"},
		{"decoded", "$default", "/a b/ü", "/a b/ü", "/a%20b/%C3%BC"},
		{"decoded-marks", "$default", "/a?b#c", "/a?b#c", "/a%3Fb%23c"},
		{"decoded-percent", "$default", "/100%/50%x", "/100%/50%x", "/100%25/50%25x"},
		{"decoded-control", "$default", "/a\x00\n", "/a\x00\n", "/a%00%0A"},
		{"stage", "prod", "/prod/a", "/a", "/a"},
		{"stage-alone", "prod", "/prod", "/", "/"},
		{"stage-slash", "prod", "/prod/", "/", "/"},
		{"stage-twice", "api", "/api/api/telemetry", "/api/telemetry", "/api/telemetry"},
		{"stage-as-prefix", "prod", "/products", "/products", "/products"},
		{"stage-elsewhere", "prod", "/a/prod", "/a/prod", "/a/prod"},
		{"no-stage", "", "/a", "/a", "/a"},
		{"default-stage", "$default", "/$default/a", "/$default/a", "/$default/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			called := false
			invokeLambda(t, event(tt.stage, tt.path), func(_ http.ResponseWriter, r *http.Request) {
				called = true
				if r.URL.Path != tt.want || r.URL.EscapedPath() != tt.wantEscaped {
					t.Errorf("got %q (%s), want %q (%s)", r.URL.Path, r.URL.EscapedPath(), tt.want, tt.wantEscaped)
				}
			})
			if !called {
				t.Error("the handler was not called")
			}
		})
	}
}

// Ensure that the handler's deadline leaves the time to answer.
func TestLambdaDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		left, want time.Duration
	}{
		{"default", 3 * time.Second, 2700 * time.Millisecond},
		{"longest", 15 * time.Minute, 15*time.Minute - 300*time.Millisecond},
		{"little", 400 * time.Millisecond, 100 * time.Millisecond},
		{"margin", 300 * time.Millisecond, 150 * time.Millisecond},
		{"less-than-margin", 100 * time.Millisecond, 50 * time.Millisecond},
		{"over", -time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				start := time.Now()
				h := host.NewLambdaHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if d, ok := r.Context().Deadline(); !ok || d.Sub(start) > max(tt.want, 0) {
						t.Errorf("deadline %v from now, want %v", d.Sub(start), tt.want)
					}
					<-r.Context().Done()
					w.WriteHeader(http.StatusGatewayTimeout)
				}), slog.New(slog.DiscardHandler))
				b, err := h.Invoke(ctx, []byte(fixture(t, "http-api")))
				if err != nil || !bytes.Contains(b, []byte(`"statusCode":504`)) {
					t.Errorf("got %s, %v", b, err)
				}
				if took := time.Since(start); took != tt.want {
					t.Errorf("answered after %v, want %v", took, tt.want)
				}
			})
		})
	}
}

// Ensure that a panic is answered, logged once with its stack, and forgotten.
func TestLambdaPanic(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	calls := 0
	h := host.NewLambdaHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("X-Secret", "half an answer")
			_, _ = io.WriteString(w, "half an answer")
			panic("a bug with the account key in it")
		}
	}), slog.New(slog.NewJSONHandler(&log, nil)))
	client := hosttest.Fronts()[0].Client(hosttest.Direct(h))
	q := hostRequest{method: "GET", target: "/"}

	got := q.send(t, client, "http://mayfly.example")
	if got.Status != http.StatusInternalServerError || got.Headers["Content-Type"] != "application/problem+json" {
		t.Errorf("got %+v", got)
	}
	var problem struct {
		Type, Title, Code string
		Status            int
		Retryable         bool
	}
	if err := json.Unmarshal([]byte(got.Body), &problem); err != nil || problem.Type != "about:blank" ||
		problem.Code != "internal" || problem.Status != 500 || !problem.Retryable ||
		strings.Contains(got.Body, "account") {
		t.Errorf("body %s, %v", got.Body, err)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "lambda_test.go") {
		t.Errorf("log of %d records: %s", n, log.String())
	}
	if got := q.send(t, client, "http://mayfly.example"); got.Status != http.StatusOK {
		t.Errorf("the next request got %+v", got)
	}
}

// Ensure that what is no HTTP request is named, and handed to nobody.
func TestLambdaRefusesOtherEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, event, want string }{
		{"sqs", `{"Records":[{"messageId":"1","body":"x","eventSource":"aws:sqs"}]}`, `"aws:sqs"`},
		{"sns", `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"x"}}]}`, `"aws:sns"`},
		{"websocket", `{"httpMethod":"POST","path":"/x","requestContext":{"connectionId":"TWegAcC4EowCHnA=",` +
			`"eventType":"CONNECT"}}`, "WebSocket"},
		{"authorizer-request", `{"type":"REQUEST","httpMethod":"GET","path":"/request","headers":{}}`,
			"authorizer's REQUEST"},
		{"authorizer-v2", `{"version":"2.0","type":"REQUEST","rawPath":"/x","requestContext":{"http":{` +
			`"method":"POST"}}}`, "authorizer's REQUEST"},
		{"authorizer-token", `{"type":"TOKEN","authorizationToken":"allow"}`, "authorizer's TOKEN"},
		{"event", `{"version":"0","detail-type":"Object Created","source":"aws.s3","detail":{}}`,
			`"Object Created" from "aws.s3"`},
		{"scheduled-by-others", `{"detail-type":"Scheduled Event","source":"my.own"}`, `from "my.own"`},
		{"warm-off", `{"warmer":false}`, "unknown kind"},
		{"no-records", `{"Records":[]}`, "unknown kind"},
		{"long-name", `{"detail-type":"` + strings.Repeat("\\u0007", 500) + `"}`, "EventBridge"},
		{"direct", `{"device":{"deviceId":"d1"}}`, "unknown kind"},
		{"v2-without-http", `{"version":"2.0","rawPath":"/x"}`, "unknown kind"},
		{"v2-without-method", `{"version":"2.0","requestContext":{"http":{}}}`, "unknown kind"},
		{"alb-without-method", `{"requestContext":{"elb":{}}}`, "unknown kind"},
		{"array", `[1]`, "array"},
		{"number", `7`, "number"},
		{"not-json", `hello`, "not readable"},
		{"nothing", ``, "not readable"},
		{"cut-off", `{"httpMethod":"GET"`, "not readable"},
		{"wrong-types", `{"httpMethod":"GET","headers":[1]}`, "not readable"},
		{"nested", strings.Repeat(`{"a":`, 20_000), "not readable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := host.NewLambdaHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				t.Error("the handler was called")
			}), slog.New(slog.NewJSONHandler(&log, nil)))
			b, err := h.Invoke(t.Context(), []byte(tt.event))
			var unsupported *host.UnsupportedEventError
			if !errors.As(err, &unsupported) {
				t.Fatalf("got %s, %v", b, err)
			}
			if !strings.Contains(unsupported.Event, tt.want) || len(err.Error()) > 900 {
				t.Errorf("%d bytes: %v; want %s", len(err.Error()), err, tt.want)
			}
			if !strings.Contains(log.String(), `"level":"ERROR"`) {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

// Ensure that what keeps a function warm, or tries whether it runs, is no error, and has
// one record that nobody is called for.
func TestLambdaAnswersQuietly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, event, want, level string }{
		{"warm-up", `{"source":"serverless-plugin-warmup"}`, "a warm-up", "DEBUG"},
		{"warm-up-with-more", `{"source":"serverless-plugin-warmup","stage":"dev"}`, "a warm-up", "DEBUG"},
		{"lambda-warmer", `{"warmer":true,"concurrency":3}`, "a warm-up", "DEBUG"},
		{"switch", `{"warmup": 1}`, "a warm-up", "DEBUG"},
		{"scheduled-rule", `{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",` +
			`"detail-type":"Scheduled Event","source":"aws.events","account":"123456789012",` +
			`"time":"2026-11-27T18:43:48Z","region":"us-east-1",` +
			`"resources":["arn:aws:events:us-east-1:123456789012:rule/my-schedule"],"detail":{}}`,
			"a scheduled event", "DEBUG"},
		{"scheduler", `{"version":"0","detail-type":"Scheduled Event","source":"aws.scheduler","detail":"{}"}`,
			"a scheduled event", "DEBUG"},
		{"empty", `{}`, "a test event", "INFO"},
		{"empty-with-space", " { }\n", "a test event", "INFO"},
		{"null", `null`, "a test event", "INFO"},
		{"hello-world", `{"key1":"value1","key2":"value2","key3":"value3"}`, "a test event", "INFO"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := host.NewLambdaHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				t.Error("the handler was called")
			}), slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			answer, err := h.Invoke(t.Context(), []byte(tt.event))
			if err != nil || !json.Valid(answer) || !strings.Contains(string(answer), tt.want) {
				t.Fatalf("%s, %v", answer, err)
			}
			var record struct{ Level, Msg, Event string }
			err = json.Unmarshal(log.Bytes(), &record)
			if err != nil || record.Level != tt.level || record.Event != tt.want {
				t.Errorf("log: %s, %v", log.String(), err)
			}
		})
	}
}

// Ensure that a body that is not what the event says fails when it is read, as a
// broken one from a socket does.
func TestLambdaBrokenBody(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{
		"http-api": `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"POST"}},"body":"***",` +
			`"isBase64Encoded":true}`,
		"alb": `{"httpMethod":"POST","path":"/","requestContext":{"elb":{}},"headers":{},"body":"YQ",` +
			`"isBase64Encoded":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invokeLambda(t, event, func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err == nil || len(body) > 0 || !strings.Contains(err.Error(), "not base64") || r.ContentLength >= 0 {
					t.Errorf("read %q of %d bytes, %v", body, r.ContentLength, err)
				}
			})
		})
	}
}

// Ensure that Lambda's own way of failing stays reserved to what is not HTTP,
// and that the process outlives both that and a panic.
func TestLambdaProcess(t *testing.T) {
	t.Parallel()
	api := hosttest.StartRuntimeAPI(t)
	process := api.Start(t, hostProcess(t))
	response, isError, err := api.Invoke(t.Context(), []byte(`{"Records":[{"eventSource":"aws:sqs"}]}`), time.Time{})
	if err != nil || !isError || !bytes.Contains(response, []byte(`"errorType":"UnsupportedEventError"`)) {
		t.Errorf("SQS: %s, %v, %v", response, isError, err)
	}
	for _, path := range []string{"/answer/panic", "/answer/nothing"} {
		event := strings.Replace(fixture(t, "http-api"), `"/my/path"`, `"`+path+`"`, 1)
		response, isError, err = api.Invoke(t.Context(), []byte(event), time.Time{})
		if err != nil || isError {
			t.Errorf("%s: %s, %v, %v", path, response, isError, err)
		}
	}
	select {
	case <-process.Exited():
		t.Errorf("the process ended:\n%s", process.Output())
	default:
	}
}
