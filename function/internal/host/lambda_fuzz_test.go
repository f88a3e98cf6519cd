package host_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"mayfly/function/internal/host"
	"mayfly/internal/hosttest"
)

// Ensure that no event makes the adapter panic, that each is answered or
// refused by the one typed error, and that a handler never sees a request that
// a socket would not have given it.
func FuzzLambdaEvent(f *testing.F) {
	for _, name := range []string{
		"http-api", "http-api-stage", "http-api-v1", "function-url", "rest-api", "rest-api-console", "alb", "alb-multi",
	} {
		f.Add([]byte(fixture(f, name)))
	}
	for _, event := range []string{
		``, `null`, `{}`, `[]`, `{"Records":[{"eventSource":"aws:sqs"}]}`, `{"type":"TOKEN"}`,
		`{"httpMethod":"GET","path":"%zz","headers":{"":"","host":"a","Host":"b"},"body":"*","isBase64Encoded":true}`,
		`{"httpMethod":"\u0000","path":"//../..","multiValueHeaders":{"host":[],"a":["1",null]},` +
			`"multiValueQueryStringParameters":{"":[""]}}`,
		`{"requestContext":{"elb":{}},"httpMethod":"GET","headers":{"x-forwarded-for":",,"},` +
			`"queryStringParameters":{"%":"%"}}`,
	} {
		f.Add([]byte(event))
	}
	h := hosttest.Direct(host.NewLambdaHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err == nil && int64(len(body)) != r.ContentLength, err != nil && len(body) > 0:
			panic("the body does not have its length")
		case r.URL.Path == "" || r.URL.Path[0] != '/' || r.URL.EscapedPath() == "":
			panic("the path is not absolute")
		case r.Method == "":
			panic("there is no method")
		}
		for name, values := range r.Header {
			if len(values) == 0 || name == "Host" {
				panic("the header is not net/http's")
			}
		}
		_ = r.URL.Query()
		_ = r.Cookies()
		_, _ = w.Write(body)
	}), slog.New(slog.DiscardHandler)))
	parsers := hosttest.Fronts()
	f.Fuzz(func(t *testing.T, event []byte) {
		answer, err := h(t.Context(), event)
		var unsupported *host.UnsupportedEventError
		if err != nil {
			if !errors.As(err, &unsupported) || unsupported.Event == "" {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		for _, front := range parsers {
			if resp, err := front.Response(answer); err == nil {
				if resp.StatusCode == http.StatusInternalServerError &&
					resp.Header.Get("Content-Type") == "application/problem+json" {
					t.Fatal("the handler panicked")
				}
				return
			}
		}
		t.Fatalf("no front understands %s", answer)
	})
}
