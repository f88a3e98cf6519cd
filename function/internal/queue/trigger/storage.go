package trigger

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
	"mayfly/function/internal/queue/storagequeue"
)

// Storage delivers the message of a call by the Functions host ("Custom handlers" of the Azure Functions
// documentation, "Request payload"), and answers 200 once the message is delivered, buried, or stored again for later.
// Any other status makes the host hand it over again, and after five times move it to NAME-poison.
func (t *Trigger) Storage(
	ctx context.Context, w http.ResponseWriter, data map[string]json.RawMessage, metadata json.RawMessage,
) {
	text, ok := messageOf(data)
	q, isStorage := t.Queue.(*storagequeue.Queue)
	switch {
	case !ok:
		t.refuse(ctx, w, "the call has no message of a queue")
		return
	case !isStorage:
		t.refuse(ctx, w, "QUEUE has to be azure-queue: and the queue of the trigger")
		return
	}
	about := aboutOf(metadata)
	item := storagequeue.Item(about.ID, text, about.DequeueCount, about.Inserted)
	if len(t.Handle(ctx, []*queue.Leased{item})) == 0 {
		respond(w, http.StatusOK, "delivered, or moved to the dead letters")
		return
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	wait := delay(item.Attempts)
	if err := q.PutAgain(ctx, item, wait); err != nil {
		t.refuse(ctx, w, "the message cannot be stored again: "+err.Error())
		return
	}
	attrs := []slog.Attr{slog.String("item", item.ID), slog.Int("attempts", item.Attempts),
		slog.String("nextTry", wait.String())}
	if !item.Put.IsZero() {
		attrs = append(attrs, slog.Float64("age", t.Now().Sub(item.Put).Seconds()))
	}
	t.Log.LogAttrs(ctx, slog.LevelWarn, "queue: a message is stored again", attrs...)
	respond(w, http.StatusOK, "stored again, for another try in "+wait.String())
}

func (t *Trigger) refuse(ctx context.Context, w http.ResponseWriter, why string) {
	t.Log.LogAttrs(ctx, slog.LevelError, "queue: a message of the trigger failed", slog.String("error", why))
	respond(w, http.StatusInternalServerError, why)
}

// respond answers in the form that the host wants ("Response payload"): an empty answer may never end the invocation.
func respond(w http.ResponseWriter, status int, log string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Outputs     struct{}
		Logs        []string
		ReturnValue any
	}{Logs: []string{log}})
}

// messageOf finds the message, which is the one binding of the function. The host writes a text as JSON, and that into
// a JSON string once more; one that is a JSON object may stand as it is.
func messageOf(data map[string]json.RawMessage) (string, bool) {
	if len(data) != 1 {
		return "", false
	}
	var text string
	for _, raw := range data {
		text = string(bytes.TrimSpace(raw))
	}
	quoted := false
	for range 2 {
		var inner string
		if !strings.HasPrefix(text, `"`) || json.Unmarshal([]byte(text), &inner) != nil {
			break
		}
		text, quoted = inner, true
	}
	if !quoted && !strings.HasPrefix(text, "{") {
		return "", false
	}
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil { // the binding leaves it as it is stored
		if _, ok := envelope.Parse(string(plain)); ok {
			return string(plain), true
		}
	}
	return text, true
}

// about is what the host tells of a message. Numbers may be in strings, and times in several forms.
type about struct {
	ID           string
	DequeueCount int
	Inserted     string
}

func aboutOf(metadata json.RawMessage) about {
	var in struct {
		ID            json.RawMessage `json:"Id"`
		DequeueCount  json.RawMessage
		InsertionTime json.RawMessage
	}
	_ = json.Unmarshal(metadata, &in) // what cannot be read is not known
	out := about{ID: plain(in.ID), Inserted: plain(in.InsertionTime)}
	out.DequeueCount, _ = strconv.Atoi(plain(in.DequeueCount))
	if at, err := time.Parse("2006-01-02T15:04:05.999999999Z07:00", out.Inserted); err == nil {
		out.Inserted = at.UTC().Format(time.RFC3339)
	}
	return out
}

// plain takes a value out of up to two JSON strings.
func plain(raw json.RawMessage) string {
	text := string(raw)
	for range 2 {
		var inner string
		if json.Unmarshal([]byte(text), &inner) != nil {
			break
		}
		text = inner
	}
	return text
}
