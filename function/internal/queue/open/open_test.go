package open_test

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/open"
	"mayfly/internal/secret"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]struct {
		kind open.Kind
		name string // without credentials
	}{
		"file:/var/lib/q": {open.File, "file:/var/lib/q"},
		"file:queue":      {open.File, "file:queue"},
		"sqs:https://sqs.eu-central-1.amazonaws.com/123/mayfly.fifo": {
			open.SQS, "sqs:https://sqs.eu-central-1.amazonaws.com/123/mayfly.fifo"},
		"azure-queue:https://acc.queue.core.windows.net/mayfly?sv=1&sig=SECRET": {
			open.StorageQueue, "azure-queue:https://acc.queue.core.windows.net/mayfly"},
		"nats://user:SECRET@n1:4222,nats://user:SECRET@n2:4222": {
			open.JetStream, "nats://n1:4222,nats://n2:4222/MAYFLY"},
		"tls://n1:4222":                      {open.JetStream, "tls://n1:4222/MAYFLY"},
		"nats://n1,10.0.0.1:4222/S?lease=9s": {open.JetStream, "nats://n1:4222,nats://10.0.0.1:4222/S"},
		"nats://n1/S?token=SECRET&lease=1":   {},
		"file:":                              {},
		"sqs:":                               {},
		"sqs:queue":                          {},
		"sqs:ftp://a/b":                      {},
		"azure-queue:https://acc.queue.core.windows.net/": {},
		"nats://":             {},
		"kafka://SECRET@host": {},
		"queue":               {},
	} {
		got, err := open.Parse(text)
		if got.Kind != want.kind || (err == nil) != (want.kind != "") {
			t.Errorf("%s: got %q, %v", text, got.Kind, err)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: the error shows the secret: %v", text, err)
		}
		if err == nil && got.String() != want.name {
			t.Errorf("%s: its name is %s", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"file:a", "sqs:https://a/b", "azure-queue:http://a/b?c", "nats://a:b@c:1,d", "tls:%zz@",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if t, err := open.Parse(text); err == nil {
			_ = t.String()
		}
	})
}

// The credentials of a storage queue are found where Azure's own tools have them.
func TestOpenStorageQueue(t *testing.T) {
	const key = "c2VjcmV0"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env  map[string]string
		want string // of the query and the header
	}{
		"key":  {map[string]string{"AZURE_STORAGE_KEY": key}, "SharedKey acc:"},
		"file": {map[string]string{"AZURE_STORAGE_KEY": "file:" + file}, "SharedKey acc:"},
		"SAS":  {map[string]string{"AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=a"}, "sig=a"},
		"connection string": {map[string]string{
			"AZURE_STORAGE_CONNECTION_STRING": "AccountName=acc;AccountKey=" + key + ";EndpointSuffix=x",
		}, "SharedKey acc:"},
		"half of one": {map[string]string{"AZURE_STORAGE_CONNECTION_STRING": "AccountName=acc"}, ""},
		"reference":   {map[string]string{"AZURE_STORAGE_KEY": "https://SECRET"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.URL.RawQuery + r.Header.Get("Authorization")
				w.Header().Set("X-Ms-Approximate-Messages-Count", "0")
			}))
			t.Cleanup(server.Close)
			target, err := open.Parse("azure-queue:" + server.URL + "/acc/mayfly")
			if err != nil {
				t.Fatal(err)
			}
			q, err := open.Open(t.Context(), target, options(tt.env))
			if q != nil {
				_ = q.Close()
			}
			if (err == nil) != (tt.want != "") || !strings.Contains(got, tt.want) {
				t.Errorf("%v, %s", err, got)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func options(env map[string]string) *open.Options {
	getenv := func(name string) string { return env[name] }
	return &open.Options{
		Transport: http.DefaultTransport, Getenv: getenv, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Secrets: &secret.Loader{Transport: http.DefaultTransport, Getenv: getenv, Now: time.Now},
	}
}

// A queue of SQS that is not as it has to be is refused at the start, one that does not answer is not; a Lambda
// function asks neither.
func TestOpenSQS(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		env    map[string]string
		kind   queue.Kind
	}{
		"missing":              {400, "<E><Error><Code>QueueDoesNotExist</Code></Error></E>", nil, queue.Missing},
		"denied":               {403, "", nil, queue.Denied},
		"down":                 {503, "", nil, ""},
		"no dead-letter queue": {200, "<R><GetQueueAttributesResult/></R>", nil, queue.Missing},
		"Lambda":               {400, "", map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "mayfly"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			t.Cleanup(server.Close)
			env := map[string]string{
				"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_ENDPOINT_URL_SQS": server.URL,
			}
			maps.Copy(env, tt.env)
			target, err := open.Parse("sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/mayfly.fifo")
			if err != nil {
				t.Fatal(err)
			}
			q, err := open.Open(t.Context(), target, options(env))
			kind := queue.Kind("")
			if failed, ok := errors.AsType[*queue.Error](err); ok {
				kind = failed.Kind
			}
			if kind != tt.kind || (err == nil) != (kind == "") {
				t.Errorf("error %v, want one of kind %q", err, tt.kind)
			}
			if (calls > 0) == (tt.env != nil) {
				t.Errorf("%d calls", calls)
			}
			if q != nil {
				_ = q.Close()
			}
		})
	}
}
