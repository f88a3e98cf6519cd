package lookup_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/lookup"
)

// What a service may answer, and what is made of it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const late, bad, refused = lookup.Late, lookup.Unusable, lookup.Refused
	selects := func(text string) func(*lookup.Spec) { return func(s *lookup.Spec) { s.Select = expr(text) } }
	brackets := strings.Repeat("[", 500)
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, tt := range map[string]struct {
		service *service
		spec    func(*lookup.Spec)
		value   any
		kind    lookup.Kind
		text    string // in the error
	}{
		"JSON":                  {service: always(200, `{"t":21.50}`), spec: selects(".t|tostring"), value: "21.50"},
		"a byte order mark":     {service: always(200, "\xef\xbb\xbf\"a\""), value: "a"},
		"of another type":       {service: always(200, `"a"`, "Content-Type", "application/geo+json"), value: "a"},
		"of no type":            {service: always(200, `"a"`, "Content-Type", ""), value: "a"},
		"as plain text":         {service: always(200, `"a"`, "Content-Type", "text/plain; charset=utf-8"), value: "a"},
		"no content":            {service: always(204, ``)},
		"empty":                 {service: always(200, " \n")},
		"201":                   {service: always(201, `"a"`), value: "a"},
		"400":                   {service: always(400, `{}`), kind: refused, text: "HTTP 400"},
		"401":                   {service: always(401, `{}`), kind: refused, text: "HTTP 401"},
		"404":                   {service: always(404, `{}`), kind: lookup.NotFound},
		"410":                   {service: always(410, `{}`), kind: lookup.NotFound},
		"429":                   {service: always(429, `{}`), kind: lookup.Unavailable},
		"500":                   {service: always(500, `{}`), kind: lookup.Unavailable, text: "HTTP 500"},
		"304":                   {service: always(304, ``), kind: refused},
		"HTML":                  {service: always(200, `<p>`, "Content-Type", "text/html"), kind: bad, text: "HTML"},
		"HTML, said to be JSON": {service: always(200, "\n<html>"), kind: bad, text: "HTML"},
		"a picture":             {service: always(200, `x`, "Content-Type", "image/png"), kind: bad, text: "image/png"},
		"not JSON":              {service: always(200, `{"secret`), kind: bad, text: "not JSON"},
		"two values":            {service: always(200, `1 2`), kind: bad, text: "behind"},
		"256 KiB":               {service: always(200, `"a"`+strings.Repeat(" ", 256<<10-3)), value: "a"},
		"a byte more":           {service: always(200, `"a"`+strings.Repeat(" ", 256<<10-2)), kind: bad, text: "256 K"},
		"10 MB":                 {service: always(200, strings.Repeat("1", 10<<20)), kind: bad, text: "256 KiB"},
		"100 deep":              {service: always(200, nested(100)), spec: selects("length"), value: 1},
		"101 deep":              {service: always(200, nested(101)), kind: bad, text: "deeper than 100"},
		"1000 deep":             {service: always(200, nested(1000)), kind: bad, text: "deeper"},
		"brackets in a text":    {service: always(200, `"`+brackets+`"`), value: brackets},
		"select fails":          {service: always(200, `{"a":"secret"}`), spec: selects(".a.b"), kind: bad},
		"select gives two":      {service: always(200, `[1,2]`), spec: selects(".[]"), kind: bad, text: "2 values"},
		"hangs":                 {service: hangs(), kind: late},
		"redirect to another": {service: always(302, ``, "Location", "https://evil.example/"),
			kind: lookup.Redirected, text: "another host"},
		"redirect to http": {service: always(302, ``, "Location", "http://weather.example/v1"),
			kind: lookup.Redirected, text: "another host"},
		"redirect to another port": {service: always(307, ``, "Location", "https://weather.example:8443/"),
			kind: lookup.Redirected},
		"redirect with a user": {service: always(302, ``, "Location", "https://a:b@weather.example/"),
			kind: lookup.Redirected},
		"redirect for ever": {service: always(302, ``, "Location", "/v1"), kind: lookup.Redirected, text: "than 3"},
		"redirect at home": {service: &service{serve: func(r *http.Request, n int64) (*http.Response, error) {
			if n < 4 {
				return answer(302, "", "Location", fmt.Sprintf("https://WEATHER.example:443/%d", n)), nil
			}
			return answer(200, fmt.Sprintf("%q", r.URL.Path)), nil
		}}, value: "/3"},
		"no connection": {service: &service{serve: func(*http.Request, int64) (*http.Response, error) {
			return nil, errors.New("no route")
		}}, kind: lookup.Unreachable},
		"a connection that ends": {service: &service{serve: func(*http.Request, int64) (*http.Response, error) {
			res := answer(200, "")
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"a":`), failing{io.ErrUnexpectedEOF}))
			return res, nil
		}}, kind: lookup.Unreachable, text: "the connection ended"},
		"a panic": {service: &service{serve: func(*http.Request, int64) (*http.Response, error) { panic("x") }},
			kind: bad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				got := newSet(t, tt.service, weather(tt.spec)).Get(t.Context(), "weather", at("Bern"))
				if !reflect.DeepEqual(got.Value, tt.value) || lookup.KindOf(asError(got.Err)) != tt.kind {
					t.Errorf("%v (%v), want %v (%v)", got.Value, got.Err, tt.value, tt.kind)
				}
				if tt.kind == 0 {
					return
				}
				if text := got.Err.Error(); !strings.Contains(text, tt.text) || strings.Contains(text, "secret") {
					t.Errorf("%q, want %q in it", text, tt.text)
				}
				if took := time.Since(start); tt.kind == late && took != 2*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func asError(err *lookup.Error) error {
	if err == nil {
		return nil
	}
	return err
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
