package downlink

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/textproto"
	"net/url"
	"slices"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Pusher is a [Push] that is compiled. It is safe for concurrent use.
type Pusher struct {
	*Push
	to                        *url.URL
	device, url, body, failed *mapping.Expression
	headers                   []pushHeader
	events                    func() *EventReader
}

// Events gives the reader of what is posted to /api/downlink/SOURCE. It is made when it is first needed.
func (p *Pusher) Events() *EventReader { return p.events() }

type pushHeader struct {
	name  string // canonical
	value *mapping.Expression
}

// usuallyFailed is Failed where a description has none.
const usuallyFailed = `if type != "object" then null
	elif .error then .error
	elif (.errors | type) == "array" and .errors != [] or (.errors | type) == "string" and .errors != "" then .errors
	elif .success == false or .ok == false then .message // true
	elif .status == "error" or .status == "failed" then .message // true
	elif (.code | type) == "number" and .code != 0 and (.code < 200 or .code > 299) and has("message") then .message
	else null end`

// CompilePush makes a pusher, or tells all that is wrong with the description. It keeps what it is given. Nil is a
// description without an address: nothing is compiled for it.
func CompilePush(l *mapping.Language, p *Push) (*Pusher, message.Faults) {
	if p.To == "" {
		return nil, p.unaddressed()
	}
	out := &Pusher{Push: p}
	var faults message.Faults
	out.to, faults = p.check()
	compile := func(member string, e mapping.Expr) *mapping.Expression {
		compiled, fault := l.Compile(prefix+member, e, nil)
		if fault != nil {
			faults = append(faults, fault)
		}
		return compiled
	}
	failed := p.Failed
	failed.Text = cmp.Or(failed.Text, usuallyFailed)
	out.device, out.url = compile("device", p.Device), compile("url", p.URL)
	out.body, out.failed = compile("body", p.Body), compile("failed", failed)
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		out.headers = append(out.headers,
			pushHeader{textproto.CanonicalMIMEHeaderKey(name), compile("headers."+name, p.Headers[name])})
	}
	return out, faults
}

// Target names the host and port that messages go to, for circuits and the log.
func (p *Pusher) Target() string { return p.to.Host }

// Uplink is what a message that goes back to a device needs of the request that it follows. The zero value is of a
// message that follows none.
type Uplink struct {
	Request map[string]any // the value of $request, with the part of the body as its member body
	Key     string         // that came with it, in the header requestKey; it is not among the headers of Request
	Encoder codec.Encoder  // of the codec for the device; nil: there is none
}

// Order is a request to be made. It lacks the key.
type Order struct {
	Method, URL string
	Header      map[string]string // canonical names
	Body        []byte            // JSON; nil: none
}

// Order makes the request that hands a message over. request is that of an Uplink; nil where there is none.
func (p *Pusher) Order(ctx context.Context, m *Message, c *Content, request map[string]any) (*Order, error) {
	var asked any
	if request != nil {
		asked = request
	}
	run := mapping.NewRun(ctx, asked)
	defer run.Done()
	settings := make(map[string]any, len(p.Settings))
	for name, value := range p.Settings {
		settings[name] = value
	}
	in := map[string]any{"message": m.pushed(c), "device": m.DeviceID, "request": asked, "settings": settings}
	if p.device != nil {
		name, err := run.Text(p.device, in)
		if err != nil {
			return nil, err
		}
		in["device"] = name
	}
	where, err := run.Text(p.url, in)
	if err != nil {
		return nil, err
	}
	out := &Order{Method: cmp.Or(p.Method, "POST")}
	if out.URL, err = below(p.to, where); err != nil {
		return nil, err
	}
	for _, h := range p.headers {
		text, err := run.Text(h.value, in)
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		if !validHeader(text) {
			return nil, h.value.Wrong("must give a text for a header: one line of ASCII, up to 1 KiB", nil)
		}
		if out.Header == nil {
			out.Header = map[string]string{}
		}
		out.Header[h.name] = text
	}
	if p.body == nil {
		return out, nil
	}
	value, err := run.One(p.body, in)
	if err != nil {
		return nil, err
	}
	out.Body, err = message.Marshal(value)
	return out, err
}

const maxHeader = 1 << 10

func validHeader(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return len(text) <= maxHeader
}

// Failure tells what is wrong where an answer that is 2xx tells of a failure; empty where it does not.
func (p *Pusher) Failure(ctx context.Context, answer []byte) string {
	value, ok := readJSON(answer)
	if !ok {
		return ""
	}
	run := mapping.NewRun(ctx, nil)
	defer run.Done()
	failed, err := run.One(p.failed, value)
	if err != nil {
		return "its answer cannot be read by downlink.push.failed"
	}
	switch failed := failed.(type) {
	case nil:
		return ""
	case bool:
		if !failed {
			return ""
		}
		return "its answer tells of a failure"
	case string:
		return "its answer tells of a failure: " + message.Shorten(failed)
	}
	text, _ := message.Marshal(failed)
	return "its answer tells of a failure: " + message.Shorten(string(text))
}

// pushed is a message as the expressions see it.
func (m *Message) pushed(c *Content) map[string]any {
	out := m.Value(c.Frame)
	out["deviceId"], out["fleet"], out["contentType"] = m.DeviceID, orNull(m.Fleet), orNull(m.ContentType)
	out["confirmed"], out["replace"], out["priority"] = m.flag("confirmed"), m.flag("replace"), nil
	if priority, ok := m.Property("priority"); ok {
		out["priority"] = priority
	}
	out["data"] = nil
	if c.Data != nil {
		out["data"], _ = readJSON(c.Data)
		out["hex"], out["base64"] = nil, nil
	}
	return out
}

// flag tells whether a property is true.
func (m *Message) flag(name string) bool {
	value, _ := m.Property(name)
	return value == "true" || value == "True" || value == "1"
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// readJSON reads what is JSON, its numbers digit for digit.
func readJSON(text []byte) (value any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, false
	}
	return value, true
}
