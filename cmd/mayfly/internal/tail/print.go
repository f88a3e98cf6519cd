package tail

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"mayfly/cmd/mayfly/internal/logline"
	"mayfly/cmd/mayfly/internal/tool"
)

// printer writes lines, from several goroutines.
type printer struct {
	w      *tool.World
	json   bool
	filter []term
	mu     sync.Mutex
}

func (p *printer) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.w.Printf("%s\n", text)
}

// note tells about the following itself.
func (p *printer) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.w.Warnf("%s\n", tool.OneLine(text))
}

// object writes a line as it came, with what it is.
func (p *printer) object(l logline.Line, kind string) {
	if kind != "" {
		l["kind"] = kind
	}
	p.line(string(l.JSON()))
}

func parse(raw []byte) (logline.Line, error) {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var l logline.Line
	return l, decoder.Decode(&l)
}

// request shows a request of the console, which has searched.
func (p *printer) request(raw []byte) error {
	l, err := parse(raw)
	if err != nil {
		return err
	}
	if p.json {
		p.object(l, "request")
		return nil
	}
	p.line(p.requestLine(l))
	return nil
}

// event shows an event that a hub has stored.
func (p *printer) event(raw []byte) error {
	l, err := parse(raw)
	if err != nil || !shows(p.filter, l) {
		return err
	}
	if p.json {
		p.object(l, "event")
		return nil
	}
	at := l.Text("enqueuedTime")
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		at = t.Local().Format(time.TimeOnly)
	}
	p.line(strings.TrimRight(fmt.Sprintf("%s  %s %s  %s  %s", p.w.Paint("2", at), p.w.Paint("34", "->"),
		tool.OneLine(l.Text("hub")), p.w.Paint("36", tool.OneLine(l.Text("device"))),
		tool.OneLine(l.Text("body"))), " "))
	return nil
}

// record shows a line of a log.
func (p *printer) record(l logline.Line) {
	switch {
	case !shows(p.filter, l):
	case p.json:
		p.object(l, "")
	case l.IsRequest():
		p.line(p.requestLine(l))
	default:
		p.line(p.otherLine(l))
	}
}

// plain shows a line that is not of the log.
func (p *printer) plain(text string) {
	l := logline.Line{"msg": text}
	if strings.TrimSpace(text) == "" || !shows(p.filter, l) {
		return
	}
	if p.json {
		p.object(l, "")
		return
	}
	p.line(p.w.Paint("2", tool.OneLine(text)))
}

// requestLine is a request in one line: of the console, or of the log.
func (p *printer) requestLine(l logline.Line) string {
	status := l.Text("status", "http.response.status_code")
	color := map[string]string{"2": "32", "4": "33", "5": "31"}[status[:min(len(status), 1)]]
	parts := []string{p.w.Paint("2", clock(l)), p.w.Paint(color, status),
		tool.OneLine(l.Text("method", "http.request.method") + " " + l.Text("path", "url.path"))}
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if source := l.Text("source"); source != "" && !strings.HasSuffix(l.Text("path", "url.path"), "/"+source) {
		add(tool.OneLine(source))
	}
	add(p.w.Paint("36", tool.OneLine(devices(l))))
	for _, name := range []string{"delivered", "repeated", "ignored", "refused"} {
		if n := l.Text(name); n != "" && n != "0" {
			add(name + " " + n)
		}
	}
	if code := l.Text("code"); code != "" {
		if l.Text("accepted") == "true" {
			code += " (answered 2xx)"
		}
		add(p.w.Paint("31", tool.OneLine(code)))
	}
	add(tool.OneLine(why(l)))
	if ms := l.Text("ms"); ms != "" {
		add(p.w.Paint("2", ms+" ms"))
	}
	return strings.Join(parts, "  ")
}

// devices names whom it is about; devices is a number in the log.
func devices(l logline.Line) string {
	if list, ok := l["devices"].([]any); ok && len(list) > 0 {
		return l.Text("devices")
	}
	return l.Text("device", "deviceIds")
}

// why tells why something was refused or ignored.
func why(l logline.Line) string {
	if wrong := l.Objects("errors"); len(wrong) > 0 {
		return strings.TrimSpace(wrong[0].Text("path") + " " + wrong[0].Text("hint"))
	}
	return l.Text("why", "detail", "reason")
}

func clock(l logline.Line) string {
	if t := l.Time(); !t.IsZero() {
		return t.Local().Format(time.TimeOnly)
	}
	return "--:--:--"
}

// otherLine is any other line of a log.
func (p *printer) otherLine(l logline.Line) string {
	level := l.Text("level")
	color := map[string]string{"WARN": "33", "ERROR": "31"}[level]
	parts := []string{p.w.Paint("2", clock(l)), p.w.Paint(color, tool.OneLine(level)), tool.OneLine(l.Text("msg",
		"message"))}
	for _, name := range l.Names() {
		switch name {
		case "time", "timestamp", "level", "msg", "message":
		default:
			parts = append(parts, p.w.Paint("2", tool.OneLine(name)+"=")+tool.OneLine(l.Text(name)))
		}
	}
	return strings.Join(parts, "  ")
}
