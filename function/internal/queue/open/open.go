package open

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
	"mayfly/function/internal/queue/jetstream"
	"mayfly/function/internal/queue/sqs"
	"mayfly/function/internal/queue/storagequeue"
	"mayfly/internal/secret"
)

// Kind is a kind of queue.
type Kind string

// The kinds of queues.
const (
	File         Kind = "file"
	SQS          Kind = "sqs"
	StorageQueue Kind = "azure-queue"
	JetStream    Kind = "nats"
)

// Target is a queue, and where it is.
type Target struct {
	Kind  Kind
	Place string // a folder for File, with its options; a URL for the others
}

// String names a queue without its credentials.
func (t Target) String() string {
	if t.Kind == File {
		dir, _, _ := strings.Cut(t.Place, "?")
		return "file:" + dir
	}
	if t.Kind == JetStream {
		name, _ := jetstream.Name(t.Place) // Parse has read it
		return name
	}
	text := t.Place
	if u, err := url.Parse(text); err == nil {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		text = u.String()
	}
	return string(t.Kind) + ":" + text
}

// Parse reads the value of QUEUE. It looks at its form alone, and its errors do not repeat it: there may be
// credentials in it.
func Parse(text string) (Target, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "file":
		if _, _, err := file.ParsePlace(rest); err != nil {
			return Target{}, err
		}
		return Target{File, rest}, nil
	case "sqs", "azure-queue":
		u, err := url.Parse(rest)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
			return Target{}, fmt.Errorf("%s: needs the URL of the queue, as in %s", scheme, examples[Kind(scheme)])
		}
		if err := forms[Kind(scheme)](rest); err != nil {
			return Target{}, err
		}
		return Target{Kind(scheme), rest}, nil
	case "nats", "tls", "ws", "wss":
		if _, err := jetstream.Name(text); err != nil {
			return Target{}, err
		}
		return Target{JetStream, text}, nil
	}
	return Target{}, errors.New("want file:DIR, sqs:URL, azure-queue:URL or nats://HOST")
}

// forms check the URLs of queues in clouds.
var forms = map[Kind]func(string) error{
	SQS:          sqs.Check,
	StorageQueue: storagequeue.Check,
}

var examples = map[Kind]string{
	SQS:          "sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/mayfly.fifo",
	StorageQueue: "azure-queue:https://ACCOUNT.queue.core.windows.net/mayfly",
	JetStream:    "nats://nats.example:4222/MAYFLY",
}

// Options are what queues are made of.
type Options struct {
	AllowUnsynced bool // a JetStream server that acknowledges before its disk has the message is taken
	Transport     http.RoundTripper
	Secrets       *secret.Loader
	Getenv        func(string) string // credentials of clouds are found by it
	Log           *slog.Logger
	Now           func() time.Time
}

// Open makes the queue of a target. It may ask the queue whether it is there and keeps what it acknowledges; a queue
// that cannot be reached at present is no reason to fail for those that can be opened without it. Its errors are
// *queue.Error.
func Open(ctx context.Context, t Target, o *Options) (queue.Queue, error) {
	switch t.Kind {
	case File:
		return openFile(t, o)
	case SQS:
		return openSQS(ctx, t, o)
	case StorageQueue:
		return openStorageQueue(ctx, t, o)
	case JetStream:
		return openJetStream(ctx, t, o)
	}
	return nil, &queue.Error{Kind: queue.Missing, Queue: t.String(), Err: errors.New("this build has no such queue")}
}
