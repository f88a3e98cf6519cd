package hidden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mayfly/internal/jsonscan"
	"mayfly/transform/credential"
)

// minScrubbed is the shortest secret that is looked for in other texts, such as what an expression gave.
const minScrubbed = 6

// Secrets are the credentials of one request in the order in which they were hidden. Each is shown as a placeholder
// with its number, so that an edited request can be sent with them. The zero value has none.
type Secrets struct {
	list []string
}

// Len is how many there are.
func (s *Secrets) Len() int { return len(s.list) }

// hide returns the placeholder of a secret.
func (s *Secrets) hide(secret string) string {
	if secret == "" {
		return ""
	}
	if i := slices.Index(s.list, secret); i >= 0 {
		return placeholder(i)
	}
	s.list = append(s.list, secret)
	return placeholder(len(s.list) - 1)
}

func placeholder(i int) string { return fmt.Sprintf("[hidden-%d]", i+1) }

// In reports whether a text has a placeholder.
func In(text string) bool { return placeholders.MatchString(text) }

var placeholders = regexp.MustCompile(`\[hidden-([0-9]{1,4})\]|%5[Bb]hidden-([0-9]{1,4})%5[Dd]`)

// Reveal puts the secrets back in place of their placeholders. Those of another request stay.
func (s *Secrets) Reveal(text string) string {
	if !strings.Contains(text, "hidden-") {
		return text
	}
	return placeholders.ReplaceAllStringFunc(text, func(found string) string {
		m := placeholders.FindStringSubmatch(found)
		n, err := strconv.Atoi(m[1] + m[2])
		if err != nil || n < 1 || n > len(s.list) {
			return found
		}
		return s.list[n-1]
	})
}

// Scrub takes secrets out of a text that was made of the request.
func (s *Secrets) Scrub(text string) string {
	for i, secret := range s.list {
		if len(secret) >= minScrubbed {
			text = strings.ReplaceAll(text, secret, placeholder(i))
		}
	}
	return text
}

// scrubValue takes secrets out of all texts of a JSON value.
func (s *Secrets) scrubValue(v any) any {
	switch v := v.(type) {
	case string:
		return s.Scrub(v)
	case []any:
		for i := range v {
			v[i] = s.scrubValue(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = s.scrubValue(v[name])
		}
	}
	return v
}

// Without returns a value that is written to JSON without secrets.
func (s *Secrets) Without(v any) (any, error) {
	if !slices.ContainsFunc(s.list, func(secret string) bool { return len(secret) >= minScrubbed }) {
		return v, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var any any
	if err := decoder.Decode(&any); err != nil {
		return nil, err
	}
	return s.scrubValue(any), nil
}

// Name reports whether a header or a parameter is likely to carry a credential. It is rather too strict.
func Name(name string) bool {
	switch name = strings.ToLower(name); name {
	case "idempotency-key", "sec-websocket-key", "x-amzn-trace-id":
		return false
	case "code", "sig", "key", "auth", "pass", "pw", "x-arr-clientcert":
		return true
	}
	if credential.Known(name) || strings.HasPrefix(name, "x-ms-token-") || strings.HasPrefix(name, "x-amzn-mtls-") {
		return true
	}
	for _, part := range []string{
		"authoriz", "cookie", "token", "secret", "api-key", "api_key", "apikey", "access-key", "accesskey", "-key",
		"_key", "password", "passwd", "jwt", "assertion", "signature", "credential", "session", "x-hub-sig",
		"client-cert", "client_cert", "hmac",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Places are where a source's sender has credentials, whatever their names look like.
type Places struct {
	Headers, Query []string
	// Members are those of a body, or fields of a form: by their names or, below other objects, by paths like
	// meta.token.
	Members []string
}

// Headers returns headers by name, without secrets. Those of more are secrets too.
func (s *Secrets) Headers(h http.Header, more []string) [][2]string {
	named := func(name string) bool {
		return slices.ContainsFunc(more, func(other string) bool { return strings.EqualFold(name, other) })
	}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	out := [][2]string{}
	for _, name := range names {
		for _, value := range h[name] {
			if Name(name) || named(name) {
				value = s.hide(value)
			}
			out = append(out, [2]string{name, value})
		}
	}
	return out
}

// Pairs hides the values of a query, or of a form, whose names are those of credentials; the rest stays as it is
// written.
func (s *Secrets) Pairs(raw string, more []string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if ok && (Name(plain) || slices.Contains(more, plain)) {
			parts[i] = name + "=" + s.hide(value)
		}
	}
	return strings.Join(parts, "&")
}

// Body hides the credentials in a body: members of JSON, fields of a form, and what stands behind their names in any
// other text. Those of more are credentials too.
func (s *Secrets) Body(text []byte, mediaType string, more []string) []byte {
	// Senders call JSON what they like, a form too.
	if trimmed := jsonscan.Trim(text); jsonscan.Valid(trimmed) {
		return s.json(trimmed, text, more)
	}
	if base, _, err := mime.ParseMediaType(mediaType); err == nil && base == "application/x-www-form-urlencoded" &&
		!bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return []byte(s.Pairs(string(text), more))
	}
	if !utf8.Valid(text) {
		return text
	}
	var out []byte // one value per line
	for line := range bytes.Lines(text) {
		if trimmed := jsonscan.Trim(line); jsonscan.Valid(trimmed) {
			line = s.json(trimmed, line, more)
		}
		out = append(out, line...)
	}
	return s.text(out, more)
}

// json hides credentials in a value, which stands in a text with space around it.
func (s *Secrets) json(value, text []byte, more []string) []byte {
	hidden := s.value(value, more)
	if hidden == nil {
		return text
	}
	at := bytes.Index(text, value)
	return slices.Concat(text[:at], hidden, text[at+len(value):])
}

// value returns a value without credentials, nil where there are none. Members that more names are credentials.
func (s *Secrets) value(raw []byte, more []string) []byte {
	var it jsonscan.Iterator
	isObject := false
	switch jsonscan.KindOf(raw) {
	case jsonscan.Object:
		it, isObject = jsonscan.Members(raw), true
	case jsonscan.Array:
		it = jsonscan.Elements(raw) // a path goes on in each element
	case jsonscan.String:
		return s.inside(raw)
	default:
		return nil
	}
	names := isObject && credential.Named(raw)
	var out []byte
	from := 0
	for it.Next() {
		inside, isSecret := more, false
		if isObject {
			inside, isSecret = below(more, it.NameText())
			isText := jsonscan.KindOf(it.Value) == jsonscan.String
			value := names && credential.IsValue(it.NameText())
			isSecret = isSecret || isText && (value || credential.Known(it.NameText()))
			if value && !isText {
				inside = slices.Concat(inside, typedValues)
			}
		}
		inner := []byte(nil)
		if isSecret {
			inner = s.scalar(it.Value)
		}
		if inner == nil {
			inner = s.value(it.Value, inside)
		}
		if inner != nil {
			out = append(append(out, raw[from:it.Start]...), inner...)
			from = it.Start + len(it.Value)
		}
	}
	if out == nil {
		return nil
	}
	return append(out, raw[from:]...)
}

// scalar returns the placeholder of a text or a number; nil of anything else.
func (s *Secrets) scalar(raw []byte) []byte {
	plain, ok := string(raw), jsonscan.KindOf(raw) == jsonscan.Number
	if !ok {
		plain, ok = jsonscan.Text(raw)
	}
	if !ok || plain == "" {
		return nil
	}
	out, _ := json.Marshal(s.hide(plain))
	return out
}

// below returns what paths name below a member, and reports whether one of them is the member itself.
func below(paths []string, name string) (rest []string, itself bool) {
	for _, path := range paths {
		if path == name {
			itself = true
		} else if inner, ok := strings.CutPrefix(path, name+"."); ok {
			rest = append(rest, inner)
		}
	}
	return rest, itself
}
