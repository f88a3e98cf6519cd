package open

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/storagequeue"
	"mayfly/internal/secret"
)

// openStorageQueue makes a queue of Azure Queue Storage. A shared access signature may be in its URL; a key, a
// signature or a connection string of the account in the variables of Azure's own tools, as they are or as references
// to where they are kept. Without any of them, the process' managed identity is used. A function app does not ask the
// queue at its start: that would cost a call at each cold start.
func openStorageQueue(ctx context.Context, t Target, o *Options) (queue.Queue, error) {
	options := storagequeue.Options{
		URL: t.Place, Transport: o.Transport, Now: o.Now,
		Token: func(ctx context.Context) (string, time.Time, error) {
			if token := o.Getenv("AZURE_STORAGE_ACCESS_TOKEN"); token != "" { // of a person, for mayfly dead-letters
				return token, time.Time{}, nil
			}
			token, end, err := o.Secrets.ManagedIdentity(ctx, storagequeue.Resource)
			if _, network := errors.AsType[net.Error](err); network && o.Getenv("IDENTITY_ENDPOINT") == "" {
				err = fmt.Errorf("no managed identity: %s", err.Error()) // most likely the machine is not Azure's
			}
			return token, end, err
		},
	}
	for _, from := range []struct {
		variable string
		parse    func(string) (string, error)
		to       *func(context.Context) (string, error)
	}{
		{"AZURE_STORAGE_KEY", asIs, &options.Key},
		{"AZURE_STORAGE_SAS_TOKEN", asIs, &options.SAS},
		{"AZURE_STORAGE_CONNECTION_STRING", accountKey, &options.Key},
	} {
		text := o.Getenv(from.variable)
		if text == "" {
			continue
		}
		ref, err := secret.Parse(text)
		if err != nil {
			return nil, &queue.Error{
				Kind: queue.Denied, Queue: t.String(), Err: fmt.Errorf("%s: %w", from.variable, err),
			}
		}
		value := secret.NewValue(o.Secrets, ref, from.parse)
		*from.to, options.Refused = value.Get, value.Refresh
		break
	}
	q, err := storagequeue.New(options)
	if err != nil {
		return nil, &queue.Error{Kind: queue.Missing, Queue: t.String(), Err: err}
	}
	if o.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT") != "" {
		return q, nil
	}
	return checked(ctx, q, o)
}

func asIs(text string) (string, error) { return text, nil }

// accountKey takes the key out of a connection string.
func accountKey(text string) (string, error) {
	for part := range strings.SplitSeq(text, ";") {
		if key, ok := strings.CutPrefix(strings.TrimSpace(part), "AccountKey="); ok {
			return key, nil
		}
	}
	return "", errors.New("the connection string has no AccountKey")
}
