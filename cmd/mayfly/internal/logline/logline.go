package logline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/internal/lazyregexp"
)

// Line is a record of the log, or a JSON object of another kind, such as a problem.
type Line map[string]any

var pair = lazyregexp.New(`([A-Za-z_][A-Za-z0-9_.]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)`)

// Parse reads a line; false where it has no fields.
func Parse(text string) (Line, bool) {
	text = strings.TrimSpace(text)
	if at := strings.IndexByte(text, '{'); at >= 0 {
		decoder := json.NewDecoder(strings.NewReader(text[at:]))
		decoder.UseNumber()
		var line Line
		if err := decoder.Decode(&line); err == nil && len(line) > 0 {
			return line.unwrapped(), true
		}
	}
	found := pair().FindAllStringSubmatch(text, -1)
	if len(found) < 2 {
		return nil, false
	}
	line := Line{}
	for _, m := range found {
		value := m[2]
		if strings.HasPrefix(value, `"`) {
			if plain, err := strconv.Unquote(value); err == nil {
				value = plain
			}
		}
		line[m[1]] = value
	}
	return line, true
}

// unwrapped takes a record out of what a collector has put around it, such as {"log":"{...}"} of Docker.
func (l Line) unwrapped() Line {
	for _, name := range []string{"log", "message", "MESSAGE", "textPayload", "Message", "jsonPayload"} {
		switch inner := l[name].(type) {
		case string:
			if line, ok := Parse(inner); ok && strings.Contains(inner, "{") && line.Text("msg", "message",
				"code") != "" {
				return line
			}
		case map[string]any:
			if line := Line(inner); line.Text("msg", "message", "code") != "" {
				return line
			}
		}
	}
	return l
}

// Text gives the first of some fields that is there, as a text.
func (l Line) Text(names ...string) string {
	for _, name := range names {
		switch v := l[name].(type) {
		case nil:
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		case bool:
			return strconv.FormatBool(v)
		case []any:
			parts := make([]string, 0, len(v))
			for _, e := range v {
				parts = append(parts, fmt.Sprint(e))
			}
			return strings.Join(parts, ", ")
		default:
			if raw, err := json.Marshal(v); err == nil {
				return string(raw)
			}
		}
	}
	return ""
}

// Objects gives the objects of a list.
func (l Line) Objects(name string) []Line {
	list, _ := l[name].([]any)
	if text, ok := l[name].(string); ok { // as the text handler writes it
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		_ = decoder.Decode(&list) // what is no list has no objects
	}
	var out []Line
	for _, e := range list {
		if object, ok := e.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

// Object gives an object.
func (l Line) Object(name string) Line {
	object, _ := l[name].(map[string]any)
	return object
}

// Time is when it was written; zero where that is not there.
func (l Line) Time() time.Time {
	t, _ := time.Parse(time.RFC3339Nano, l.Text("time", "timestamp"))
	return t
}

// IsRequest tells the record of a request.
func (l Line) IsRequest() bool { return l.Text("msg", "message") == "request" }

// Names are the fields, sorted.
func (l Line) Names() []string {
	names := make([]string, 0, len(l))
	for name := range l {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// JSON writes the line.
func (l Line) JSON() []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}
