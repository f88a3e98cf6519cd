package playground

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"

	"mayfly/docs"
	"mayfly/emulator/console"
	"mayfly/function"
	"mayfly/internal/lazyregexp"
)

// exampleGroup is how the examples of docs/mapping.md are listed, and examplePrefix what their names begin with.
const (
	exampleGroup  = "Examples of docs/mapping.md"
	examplePrefix = "docs:"
)

// example is one of the examples of docs/mapping.md.
type example struct {
	name, title, definition, codec string
	request                        console.Request
}

var fence = lazyregexp.New("(?ms)^```(\\w+) (source|request|codec)\n(.*?)^```$|^## ([^\n]+)$")

// examples are those of the page. They are read on first use.
var examples = sync.OnceValue(func() []example {
	var out []example
	title, codec := "", ""
	var before *console.Request // of the section, without a source yet
	for _, m := range fence().FindAllStringSubmatch(docs.Mapping, -1) {
		switch {
		case m[4] != "":
			title, before = m[4], nil
		case m[2] == "codec":
			codec = m[3]
		case m[2] == "source":
			if e, ok := newExample(title, m[3]); ok {
				e.codec, codec = codec, ""
				if before != nil {
					e.request, before = *before, nil
				}
				out = append(out, e)
			}
		case len(out) > 0 && out[len(out)-1].request.Body == "" && out[len(out)-1].request.Query == nil:
			out[len(out)-1].request = requestOf(m[1], m[3])
		default:
			r := requestOf(m[1], m[3])
			before = &r
		}
	}
	return out
})

// newExample reads the one source of a file.
func newExample(title, text string) (e example, ok bool) {
	definition := snippet(text, "sources[0]")
	d, err := function.ParseMapping([]byte(definition))
	if err != nil || definition == "" {
		return e, false
	}
	name := d.Name
	if name == "" {
		name = d.From
	}
	return example{name: name, title: title, definition: definition}, true
}

// requestOf reads a request as the page shows it: its body, or all of it.
func requestOf(kind, text string) console.Request {
	out := console.Request{Body: strings.TrimSpace(text)}
	if kind != "http" {
		return out
	}
	line, rest, _ := strings.Cut(text, "\n")
	head, body, _ := strings.Cut(rest, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + " HTTP/1.1\r\nHost: x\r\n" +
		strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		return out
	}
	_, _ = io.Copy(io.Discard, r.Body)
	out = console.Request{Method: r.Method, Path: r.URL.Path, Query: map[string]string{}, Headers: map[string]string{},
		Body: strings.TrimSpace(body)}
	for name := range r.URL.Query() {
		out.Query[name] = r.URL.Query().Get(name)
	}
	for name := range r.Header {
		out.Headers[name] = r.Header.Get(name)
	}
	return out
}

// exampleOf finds an example by its name in the list of sources.
func exampleOf(name string) *example {
	bare, ok := strings.CutPrefix(name, examplePrefix)
	if !ok {
		return nil
	}
	for i := range examples() {
		if e := &examples()[i]; e.name == bare {
			return e
		}
	}
	return nil
}
