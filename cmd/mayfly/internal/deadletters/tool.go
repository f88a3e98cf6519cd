package deadletters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"mayfly/function"
)

const (
	// maxLetters bounds how many dead letters are replayed or dropped at a time.
	maxLetters = 10_000
	// maxLooked bounds how many one is looked for among.
	maxLooked = 100_000
)

// Tool works on the dead letters of one queue.
type Tool struct {
	Letters function.DeadLetters
	Queue   string // its name
	Out     io.Writer
	JSON    bool                       // print JSON instead of text
	Confirm func(question string) bool // asked before all are replayed or dropped; nil: nobody is asked
}

// row is what is printed of a dead letter without its payload.
type row struct {
	ID        string          `json:"id"`
	Key       string          `json:"key"`
	MessageID string          `json:"messageId,omitempty"` // as the hub sees it; empty where no entry can be read
	Buried    time.Time       `json:"buried,omitzero"`
	Bytes     int             `json:"bytes"`
	Reason    json.RawMessage `json:"reason,omitempty"` // a problem document, or a string
}

func newRow(l *function.DeadLetter) row {
	r := row{ID: l.ID, Key: l.Item.Key, Buried: l.Buried, Bytes: len(l.Item.Data)}
	var stored struct {
		Entry struct{ MessageID string }
	}
	if json.Unmarshal(l.Item.Data, &stored) == nil {
		r.MessageID = stored.Entry.MessageID // the item's own id is a hash
	}
	switch {
	case len(l.Reason) == 0:
	case json.Valid(l.Reason):
		r.Reason = l.Reason
	default:
		r.Reason, _ = json.Marshal(string(l.Reason)) // a string
	}
	return r
}

// List prints up to n dead letters.
func (t *Tool) List(ctx context.Context, n int) error {
	letters, err := t.Letters.List(ctx, n)
	if err != nil {
		return err
	}
	rows := make([]row, len(letters))
	for i := range letters {
		rows[i] = newRow(&letters[i])
	}
	if t.JSON {
		return t.print(rows)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintf(t.Out, "%s has no dead letters\n", t.Queue)
		return err
	}
	table := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tBURIED\tDEVICE\tREASON") // what cannot be written shows in Flush
	for i := range rows {
		r := &rows[i]
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", visible(r.ID), stamp(r.Buried), visible(r.Key), summary(r.Reason))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(rows) == n {
		_, err = fmt.Fprintf(t.Out, "there may be more: --limit %d\n", 10*n)
	}
	return err
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

// summary is a reason in one line.
func summary(reason json.RawMessage) string {
	if len(reason) == 0 {
		return "the queue gave up"
	}
	var problem struct {
		Code, Title, Detail string
	}
	text := string(reason)
	if json.Unmarshal(reason, &problem) == nil && problem.Code+problem.Title+problem.Detail != "" {
		text = problem.Detail
		if text == "" {
			text = problem.Title
		}
		if problem.Code != "" {
			text = problem.Code + ": " + text
		}
	}
	text = visible(text)
	if runes := []rune(text); len(runes) > 100 {
		text = string(runes[:99]) + "…"
	}
	return text
}

// visible is text without what a terminal would take for a command, or would turn around: anybody may have sent it.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}

// Show prints one dead letter with its payload.
func (t *Tool) Show(ctx context.Context, id string) error {
	letters, err := t.Letters.List(ctx, maxLooked)
	if err != nil {
		return err
	}
	for i := range letters {
		if letters[i].ID == id {
			return t.show(&letters[i])
		}
	}
	if len(letters) == maxLooked {
		return fmt.Errorf("%q is not among the first %d dead letters of %s", id, maxLooked, t.Queue)
	}
	return fmt.Errorf("%s has no dead letter with the id %q", t.Queue, id)
}

func (t *Tool) show(l *function.DeadLetter) error {
	shown := struct {
		row
		Message json.RawMessage `json:"message,omitempty"` // what was queued, where it is JSON
		Data    []byte          `json:"data,omitempty"`    // what was queued, in base64, where it is not
	}{row: newRow(l)}
	if json.Valid(l.Item.Data) {
		shown.Message = l.Item.Data
	} else {
		shown.Data = l.Item.Data
	}
	return t.print(shown) // JSON is what people read here, too
}

func (t *Tool) print(v any) error {
	out := json.NewEncoder(t.Out)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// failed is a dead letter that was not replayed or not dropped.
type failed struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

// Replay moves dead letters back into the queue.
func (t *Tool) Replay(ctx context.Context, ids []string, all bool) error {
	return t.each(ctx, ids, all, "replay", "replayed", t.Letters.Replay)
}

// Drop deletes dead letters.
func (t *Tool) Drop(ctx context.Context, ids []string, all bool) error {
	return t.each(ctx, ids, all, "drop", "dropped", t.Letters.Drop)
}

// each does something to dead letters, to each of them once: those that fail again meanwhile are left.
func (t *Tool) each(ctx context.Context, ids []string, all bool, verb, done string,
	do func(context.Context, string) error,
) error {
	more := false
	if all {
		letters, err := t.Letters.List(ctx, maxLetters)
		if err != nil {
			return err
		}
		ids = ids[:0]
		for i := range letters {
			ids = append(ids, letters[i].ID)
		}
		question := fmt.Sprintf("%s all %d dead letters of %s?", verb, len(ids), t.Queue)
		if more = len(letters) == maxLetters; more {
			question = fmt.Sprintf("%s the first %d dead letters of %s (there may be more)?", verb, len(ids), t.Queue)
		}
		if len(ids) > 0 && t.Confirm != nil && !t.Confirm(question) {
			return errors.New("nothing was changed")
		}
	}
	n, wrong := 0, []failed{}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%d dead letters %s: %w", n, done, err)
		}
		if err := do(ctx, id); err != nil {
			wrong = append(wrong, failed{id, err.Error()})
			continue
		}
		n++
	}
	if err := t.report(n, done, wrong, more); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d of %d dead letters were not %s", len(wrong), len(ids), done)
	}
	return nil
}

func (t *Tool) report(n int, done string, wrong []failed, more bool) error {
	if t.JSON {
		out := map[string]any{done: n, "failed": wrong}
		if more {
			out["more"] = true
		}
		return t.print(out)
	}
	for _, f := range wrong {
		if _, err := fmt.Fprintf(t.Out, "%s: %s\n", visible(f.ID), visible(f.Error)); err != nil {
			return err
		}
	}
	letters := "letters"
	if n == 1 {
		letters = "letter"
	}
	_, err := fmt.Fprintf(t.Out, "%d dead %s %s\n", n, letters, done)
	if err == nil && more {
		_, err = fmt.Fprintln(t.Out, "there may be more: run it again")
	}
	return err
}
