package devlines

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"mayfly/emulator"
	"mayfly/function"
)

// Lines writes for a reader at a terminal, one event per line.
type Lines struct {
	mu sync.Mutex
	w  io.Writer
}

// New returns Lines that are written to w.
func New(w io.Writer) *Lines { return &Lines{w: w} }

// Welcome says what is up, by which configuration file, and how to send something. Where file is empty, there is none.
func (l *Lines) Welcome(bridge string, azure *emulator.Emulator, file string, named int) {
	switch {
	case file == "":
		file = "no mayfly.yaml here: the built-in sources only"
	case named == 1:
		file += " and a file that it names, read again when they change"
	case named > 1:
		file += fmt.Sprintf(" and %d files that it names, read again when they change", named)
	default:
		file += ", read again when it changes"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.w, `Mayfly is up, with an Azure of its own: nothing leaves this machine.

  bridge    http://%[1]s
  emulator  https://%[2]s   DPS %[3]s and %[4]s
  console   http://%[5]s    what has arrived; open it in a browser
  config    %[7]s

Send something:

  curl -i http://%[1]s/api/devices/my-first-device/telemetry -H 'Content-Type: application/json' -d '%[6]s'

A new device is provisioned first, which takes a moment; after that it is known. Stop with Ctrl-C.

`, bridge, azure.Addr(), azure.IDScope(), strings.Join(azure.Hubs(), ", "), azure.ConsoleAddr(),
		`{"temperature":21.5}`, file)
}

// Delivered writes one line about a message that a hub has stored.
func (l *Lines) Delivered(d function.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var extra strings.Builder
	if !d.Message.Time.IsZero() {
		extra.WriteString("  of " + d.Message.Time.Format(time.RFC3339Nano))
	}
	if d.Message.Component != "" {
		extra.WriteString("  component " + d.Message.Component)
	}
	_, _ = fmt.Fprintf(l.w, "%s  %s  %s%s  -> %s in %s\n", time.Now().Format("15:04:05"), d.Message.DeviceID,
		oneLine(d.Message.Body), extra.String(), d.Hub, d.Took.Round(time.Millisecond))
}

// Write writes lines of others between its own.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// Finished writes one line about a request: delivered, ignored and why, or refused and what to do.
func (l *Lines) Finished(f *function.Finished) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.w, "%s  %s %s  %s\n", time.Now().Format("15:04:05"), oneLine([]byte(f.Method)),
		oneLine([]byte(f.Path)), outcome(f))
}

// fates says what happens to a cloud-to-device message.
var fates = map[emulator.MessageState]string{
	emulator.MessageState(emulator.Success):               "completed",
	emulator.MessageState(emulator.Rejected):              "rejected, dead-lettered",
	emulator.MessageState(emulator.Expired):               "expired",
	emulator.MessageState(emulator.DeliveryCountExceeded): "dead-lettered",
	emulator.MessageState(emulator.Purged):                "dropped",
}

// Message writes one line about a cloud-to-device message.
func (l *Lines) Message(s emulator.MessageStep) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what, fate := "message", fates[s.State]
	if s.Command != "" {
		what = "command " + oneLine([]byte(s.Command))
	}
	if fate == "" {
		fate = string(s.State)
	}
	if s.DeliveryCount > 0 {
		fate += fmt.Sprintf(", given back %d times", s.DeliveryCount)
	}
	_, _ = fmt.Fprintf(l.w, "%s  %s  <- %s %d (%s)  %s\n", time.Now().Format("15:04:05"),
		oneLine([]byte(s.Device)), what, s.Sequence, oneLine([]byte(s.MessageID)), fate)
}

// outcome tells in one line what became of a request.
func outcome(f *function.Finished) string {
	var parts []string
	count := func(what string, n int, more string) {
		if more != "" {
			more = " (" + more + ")"
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d%s", what, n, more))
		}
	}
	before := ""
	if f.Repeated > 0 {
		before = fmt.Sprintf("%d stored before", f.Repeated)
	}
	count("delivered", f.Delivered, before)
	count("commands", f.Commands, "")
	count("ignored", f.Ignored, strings.Join(f.Reasons, ", "))
	if f.Code != "" || f.Status != 0 {
		parts = append(parts, refused(f))
	}
	if len(parts) == 0 {
		return "nothing to deliver"
	}
	return strings.Join(parts, ", ")
}

// refused tells why a request was refused, and what would be right.
func refused(f *function.Finished) string {
	text := strings.TrimSpace(fmt.Sprintf("refused %d %s", f.Status, f.Code))
	if f.Accepted {
		text += " (answered 2xx)"
	}
	why := f.Detail
	if why == "" {
		why = f.Title
	}
	if len(f.Errors) > 0 {
		why = f.Errors[0].Text()
		if more := len(f.Errors) - 1; more > 0 {
			why += fmt.Sprintf(" (and %d more)", more)
		}
	}
	// The devices of a request of which a part is delivered are those of that part.
	if len(f.Devices) > 0 && f.Delivered+f.Queued == 0 && !strings.Contains(why, f.Devices[0]) {
		text += ": " + strings.Join(f.Devices, ", ")
	}
	return text + ": " + oneLine([]byte(why))
}

// oneLine shortens a foreign text for a terminal and replaces what is not printable.
func oneLine(body []byte) string {
	const maxRunes = 300
	var text strings.Builder
	text.Grow(min(len(body), maxRunes) + len("..."))
	runes := 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		if runes++; runes > maxRunes {
			text.WriteString("...")
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		text.WriteRune(r)
		body = body[size:]
	}
	return text.String()
}

// WithoutRequests is a log without the record of each request, which Lines shows.
type WithoutRequests struct{ slog.Handler }

// Handle implements slog.Handler.
func (h WithoutRequests) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "request" {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h WithoutRequests) WithAttrs(attrs []slog.Attr) slog.Handler {
	return WithoutRequests{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h WithoutRequests) WithGroup(name string) slog.Handler {
	return WithoutRequests{h.Handler.WithGroup(name)}
}
