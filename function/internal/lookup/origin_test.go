package lookup_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/lookup"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// A sender must not choose where a request goes.
func TestURLs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url   string
		place any
		want  string // the URL that is called; empty: none
	}{
		"encoded":           {`@uri "https://weather.example/\(.place)"`, "a/b?c=d#e&f", "/a%2Fb%3Fc%3Dd%23e%26f"},
		"a URL itself":      {`https://weather.example/\(.place)?x=1`, "a b", "/a%20b?x=1"},
		"as it is":          {`"https://weather.example/\(.place)"`, "a?b=c", "/a?b=c"},
		"added":             {`"https://weather.example" + "/" + .place`, "a", "/a"},
		"a number":          {`"https://weather.example/\(.place)"`, 3, "/3"},
		"bound":             {`.place as $p | "https://weather.example/\($p)"`, "a", "/a"},
		"a fragment":        {`"https://weather.example/\(.place)"`, "a#b", "/a"},
		"upper case":        {`"HTTPS://Weather.Example/\(.place)"`, "a", "/a"},
		"to the parent":     {`"https://weather.example/v1/\(.place)"`, "../admin", ""},
		"encoded parent":    {`"https://weather.example/v1/\(.place)"`, "%2e%2e/admin", ""},
		"parent under @uri": {`@uri "https://weather.example/v1/\(.place)"`, "..", ""},
		"encoded slashes":   {`@uri "https://weather.example/v1/\(.place)"`, "../../admin", ""},
		"a backslash":       {`"https://weather.example/v1/\(.place)"`, `..\admin`, ""},
		"a line feed":       {`"https://weather.example/v1/\(.place)"`, "a\r\nHost: evil", ""},
		"very long":         {`"https://weather.example/\(.place)"`, strings.Repeat("a", 8<<10), ""},
		"an object":         {`"https://weather.example" + .place`, map[string]any{}, "never compiled"},
		"host of a value":   {`"https://\(.place)/"`, "a", "never compiled"},
		"part of a host":    {`"https://weather.example\(.place)"`, ".evil", "never compiled"},
		"a user":            {`"https://weather.example@\(.place)/"`, "evil", "never compiled"},
		"all of it":         {`.place`, "https://evil", "never compiled"},
		"another scheme":    {`"file:///etc/passwd"`, "a", "never compiled"},
		"http":              {`"http://weather.example/"`, "a", "never compiled"},
		"an address":        {`"https://169.254.169.254/latest"`, "a", "never compiled"},
		"IPv6":              {`"https://[::ffff:127.0.0.1]/"`, "a", "never compiled"},
		"localhost":         {`"https://localhost/"`, "a", "never compiled"},
		"a choice":          {`if .place then "https://a.example/" else "https://b.example/" end`, 1, "never compiled"},
		"credentials":       {`"https://u:p@weather.example/"`, "a", "never compiled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := weather(func(s *lookup.Spec) { s.URL = expr(tt.url) })
			d, faults := lookup.Compile(spec, mapping.NewLanguage(message.Zone{}))
			broken := false
			for _, f := range faults {
				broken = broken || !f.Warning
			}
			if broken != (tt.want == "never compiled") {
				t.Fatalf("%+v", faults)
			}
			if broken {
				return
			}
			called := ""
			of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
				if r.URL.Scheme != "https" || !strings.EqualFold(r.URL.Host, "weather.example") {
					t.Errorf("called %s", r.URL)
				}
				called = r.URL.RequestURI()
				return answer(200, "1"), nil
			}}
			s := lookup.New(&lookup.Options{Definitions: []*lookup.Definition{d}, Transport: of, Now: time.Now})
			got := s.Get(t.Context(), "weather", at(tt.place))
			if called != tt.want || (got.State == lookup.Miss) != (tt.want != "") {
				t.Errorf("called %q, want %q: %v", called, tt.want, got.Err)
			}
		})
	}
}

// Warnings: what works, but lets a sender into path and query.
func TestUnescapedURLs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`@uri "https://h.example/\(.a)/\(.b)"`:             false,
		`https://h.example/\(.a)`:                          false,
		`"https://h.example/x"`:                            false,
		`"https://h.example/\(.a|@uri)/\(1)"`:              false,
		`"https://h.example/" + (.a|@uri) + "/x"`:          false,
		`"https://h.example/\(.a)"`:                        true,
		`"https://h.example/" + .a`:                        true,
		`"https://h.example/\(.a|@uri)/\(.b)"`:             true,
		`@uri "https://h.example/\(.a)" + "?q=" + .b`:      true,
		`@base64 "https://h.example/\(.a)"`:                true,
		`"https://h.example/" + (.a|@uri) + "?" + (.b|.c)`: true,
	} {
		_, faults := lookup.Compile(weather(func(s *lookup.Spec) { s.URL = expr(text) }),
			mapping.NewLanguage(message.Zone{}))
		if (len(faults) == 1) != want || want && !faults[0].Warning {
			t.Errorf("%s: %+v", text, faults)
		}
	}
}

// A URL that is a text with values in it is put together as jq would do it, but for null.
func TestURLValues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url   string
		place any
		want  string // empty: nothing is looked up
	}{
		"characters":       {`@uri "https://weather.example/\(.place)"`, "a +ü/~-_.!*", "/a%20%2B%C3%BC%2F~-_.%21%2A"},
		"a number":         {`@uri "https://weather.example/\(.place)/x"`, json.Number("21.50"), "/21.50/x"},
		"a boolean":        {`https://weather.example/\(.place)`, true, "/true"},
		"a list":           {`https://weather.example/\(.place)`, []any{1, "a"}, "/%5B1%2C%22a%22%5D"},
		"null":             {`https://weather.example/\(.place)`, nil, ""},
		"empty":            {`https://weather.example/\(.place | empty)`, "a", ""},
		"text in a value":  {`https://weather.example/\(.place + "-x")`, "a", "/a-x"},
		"text in a text":   {`https://weather.example/\("<\(.place)>")`, "a", "/%3Ca%3E"},
		"a key in a value": {`https://weather.example/\({"a": .place}["a"])`, "b", "/b"},
		"two values":       {`https://weather.example/\(.place, 1)`, "a", ""},
		"it fails":         {`https://weather.example/\(.place | .x)`, "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			called := ""
			of := &service{serve: func(r *http.Request, _ int64) (*http.Response, error) {
				called = r.URL.RequestURI()
				return answer(200, "1"), nil
			}}
			s := newSet(t, of, weather(func(s *lookup.Spec) { s.URL = expr(tt.url) }))
			if got := s.Get(t.Context(), "weather", at(tt.place)); called != tt.want {
				t.Errorf("called %q, want %q: %v", called, tt.want, got.Err)
			}
		})
	}
}
