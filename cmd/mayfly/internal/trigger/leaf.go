package trigger

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/message"
)

// content is what can be changed in a request.
type content struct {
	body   any               // of JSON and of a form; nil where the body is something else
	form   bool              // the body is a form
	raw    string            // the body, where it is something else
	path   string            // of the request
	query  map[string]string // parameters
	header map[string]string
}

// read takes a request apart.
func read(r *message.Request) *content {
	c := &content{query: map[string]string{}, header: map[string]string{}, path: r.Path}
	for name := range r.Query {
		c.query[name] = r.QueryValue(name)
	}
	for name := range r.Header {
		c.header[name] = r.HeaderValue(name)
	}
	c.setText(string(r.Body))
	return c
}

// setText reads a body.
func (c *content) setText(text string) {
	c.raw, c.body, c.form = text, nil, false
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err == nil && !decoder.More() {
		c.body = v
		return
	}
	if !strings.Contains(c.header["Content-Type"], "urlencoded") {
		return
	}
	if values, err := url.ParseQuery(text); err == nil {
		object := map[string]any{}
		for name := range values {
			object[name] = values.Get(name)
		}
		c.form, c.body = true, object
	}
}

// text writes the body.
func (c *content) text() string {
	switch object, _ := c.body.(map[string]any); {
	case c.form:
		values := url.Values{}
		for name, value := range object {
			text, _ := message.ScalarText(value)
			values.Set(name, text)
		}
		return values.Encode()
	case c.body != nil:
		if text, err := message.Marshal(c.body); err == nil {
			return string(text)
		}
	}
	return c.raw
}

// clone copies it, so that a change does not show in the other one.
func (c *content) clone() *content {
	out := *c
	out.body, out.query, out.header = cloneValue(c.body), maps.Clone(c.query), maps.Clone(c.header)
	return &out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[name] = cloneValue(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = cloneValue(inner)
		}
		return out
	}
	return v
}

// write puts it together again, over a request.
func (c *content) write(over *message.Request) *message.Request {
	out := &message.Request{Method: over.Method, Path: c.path, Received: over.Received,
		Query: map[string][]string{}, Header: map[string][]string{}, Body: []byte(c.text())}
	for name, value := range c.query {
		out.Query[name] = []string{value}
	}
	for name, value := range c.header {
		out.Header[name] = []string{value}
	}
	return out
}

// place is where a value stands.
type place struct {
	query, header string
	path          []any  // of the body: names and indexes
	raw           bool   // the whole body, as a text
	inPath        bool   // the path of the request
	token         string // a word of a body that is neither JSON nor a form
}

func (p *place) String() string {
	switch {
	case p.query != "":
		return "?" + p.query
	case p.header != "":
		return "the header " + p.header
	case p.raw:
		return "the body"
	case p.inPath:
		return "the path"
	case p.token != "":
		return p.token
	}
	var b strings.Builder
	for _, at := range p.path {
		if i, ok := at.(int); ok {
			fmt.Fprintf(&b, "[%d]", i)
		} else {
			fmt.Fprintf(&b, ".%s", at)
		}
	}
	return b.String()
}

// leaf is a value that is no object and no list.
type leaf struct {
	place
	text   string
	number bool
}

const maxLeaves = 300

// leaves lists the values that can be changed.
func (c *content) leaves() (out []leaf) {
	for _, name := range slices.Sorted(maps.Keys(c.query)) {
		out = append(out, leaf{place{query: name}, c.query[name], false})
	}
	for _, name := range slices.Sorted(maps.Keys(c.header)) {
		if name != "Content-Type" {
			out = append(out, leaf{place{header: name}, c.header[name], false})
		}
	}
	collect(c.body, nil, &out)
	return out
}

func collect(v any, at []any, out *[]leaf) {
	if len(*out) >= maxLeaves {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			collect(v[name], append(slices.Clone(at), name), out)
		}
	case []any:
		for i, inner := range v {
			collect(inner, append(slices.Clone(at), i), out)
		}
	case string:
		*out = append(*out, leaf{place{path: at}, v, false})
	default:
		if text, ok := message.NumberText(v); ok {
			*out = append(*out, leaf{place{path: at}, text, true})
		}
	}
}

// timeToken is what may be a time in a text, such as CSV.
var timeToken = lazyregexp.New(
	`\b\d{2,4}[-./]\d{1,2}[-./]\d{2,4}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?( [AP]M)?|` +
		`\b\d{10}(\d{3}|\d{6}|\d{9})?\b`)

// tokens lists the times in a body that is neither JSON nor a form.
func (c *content) tokens() (out []leaf) {
	if c.body != nil {
		return nil
	}
	for _, text := range timeToken().FindAllString(c.raw, maxLeaves) {
		l := leaf{place{token: text}, text, false}
		if !slices.ContainsFunc(out, func(other leaf) bool { return other.token == text }) {
			out = append(out, l)
		}
	}
	return out
}

// set changes a value. What is not there is made, but for elements of lists.
func (c *content) set(p *place, value any) error {
	text, isText := message.ScalarText(value)
	switch {
	case p.query != "" && isText:
		c.query[p.query] = text
	case p.header != "" && isText:
		c.header[p.header] = text
	case p.token != "" && isText:
		c.raw = strings.ReplaceAll(c.raw, p.token, text)
	case p.inPath && isText:
		c.path = text
	case p.raw && isText:
		c.setText(text)
	case len(p.path) > 0 && c.body != nil:
		out, err := put(c.body, p.path, value)
		c.body = out
		return err
	default:
		return fmt.Errorf("%s cannot be set", p)
	}
	return nil
}

func put(v any, at []any, value any) (any, error) {
	if len(at) == 0 {
		return value, nil
	}
	switch key := at[0].(type) {
	case int:
		list, ok := v.([]any)
		if !ok || key >= len(list) {
			return v, fmt.Errorf("there is no element [%d]", key)
		}
		inner, err := put(list[key], at[1:], value)
		list[key] = inner
		return list, err
	default:
		object, ok := v.(map[string]any)
		if v == nil {
			object, ok = map[string]any{}, true
		}
		if !ok {
			return v, fmt.Errorf(".%s is not in an object", key)
		}
		name, _ := key.(string)
		inner, err := put(object[name], at[1:], value)
		object[name] = inner
		return object, err
	}
}

// parsePlace reads .a.b[0], ."a b", ?name, or a name with a colon behind for a header.
func parsePlace(text string) (p place, err error) {
	wrong := fmt.Errorf("%q is not a place: want .member, .list[0].member, ?parameter, or a header and a colon",
		text)
	if name, ok := strings.CutPrefix(text, "?"); ok && name != "" {
		return place{query: name}, nil
	}
	if name, ok := strings.CutSuffix(text, ":"); ok && name != "" && !strings.HasPrefix(text, ".") {
		return place{header: canonical(name)}, nil
	}
	for rest := text; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "["):
			digits, after, ok := strings.Cut(rest[1:], "]")
			n, bad := strconv.Atoi(digits)
			if !ok || bad != nil || n < 0 {
				return p, wrong
			}
			p.path, rest = append(p.path, n), after
		case strings.HasPrefix(rest, `."`):
			name, bad := strconv.QuotedPrefix(rest[1:])
			if bad != nil {
				return p, wrong
			}
			rest = rest[1+len(name):]
			name, _ = strconv.Unquote(name)
			p.path = append(p.path, name)
		case strings.HasPrefix(rest, "."):
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			if end == 0 && rest != "."+"[" && !strings.HasPrefix(rest[1:], "[") {
				return p, wrong
			}
			if end > 0 {
				p.path = append(p.path, rest[1:1+end])
			}
			rest = rest[1+end:]
		default:
			return p, wrong
		}
	}
	if len(p.path) == 0 {
		return p, wrong
	}
	return p, nil
}
