package open_test

import (
	"strings"
	"testing"

	"mayfly/function/internal/queue/open"
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
		"nats://user:SECRET@n1:4222,nats://user:SECRET@n2:4222": {open.JetStream, "nats://n1:4222,nats://n2:4222"},
		"tls://n1:4222": {open.JetStream, "tls://n1:4222"},
		"file:":         {},
		"sqs:":          {},
		"sqs:queue":     {},
		"sqs:ftp://a/b": {},
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
