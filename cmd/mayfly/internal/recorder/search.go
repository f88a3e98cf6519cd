package recorder

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/function"
)

// maxQuery bounds a search, in bytes.
const maxQuery = 1000

// search is what a request has to be like: every term applies.
type search []term

// term is one condition. A term of the field "" is looked for everywhere.
type term struct {
	field, value string // value is in lower case
	not          bool
}

// fields are the names before a colon.
var fields = map[string]bool{
	"source": true, "status": true, "device": true, "code": true, "method": true, "path": true, "is": true,
}

// states are the values of is.
var states = []string{"delivered", "ignored", "refused", "accepted", "repeated", "again", "imported", "detected"}

// parseSearch reads the search language: words, "words with spaces", field:value, and - before what must not be there.
func parseSearch(text string) (search, error) {
	if len(text) > maxQuery {
		return nil, fmt.Errorf("the search is longer than %d bytes", maxQuery)
	}
	var out search
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimLeftFunc(text, unicode.IsSpace) {
		var t term
		if rest, ok := strings.CutPrefix(text, "-"); ok && rest != "" && rest[0] != ' ' {
			t.not, text = true, rest
		}
		if name, rest, ok := strings.Cut(text, ":"); ok && fields[strings.ToLower(name)] {
			t.field, text = strings.ToLower(name), rest
		}
		t.value, text = word(text)
		t.value = strings.ToLower(t.value)
		if t.value == "" || t.value == "-" {
			continue // somebody is typing
		}
		if err := t.check(); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// word takes a word, or a text between quotes, off the front.
func word(text string) (value, rest string) {
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		value, rest, _ = strings.Cut(quoted, `"`)
		return value, rest
	}
	if at := strings.IndexFunc(text, unicode.IsSpace); at >= 0 {
		return text[:at], text[at:]
	}
	return text, ""
}

func (t *term) check() error {
	switch t.field {
	case "status":
		if digit := strings.TrimSuffix(t.value, "xx"); len(digit) == len(t.value)-2 && len(digit) == 1 {
			t.value = digit + "xx"
		} else if _, err := strconv.Atoi(t.value); err != nil {
			return fmt.Errorf("status:%s: want a status such as 404, or a class such as 4xx", t.value)
		}
	case "is":
		if slices.Contains(states, t.value) {
			return nil
		}
		return fmt.Errorf("is:%s: want one of %s", t.value, strings.Join(states, ", "))
	}
	return nil
}

// matches reports whether an entry is one that is searched for.
func (s search) matches(e *entry) bool {
	for i := range s {
		if s[i].matches(e) == s[i].not {
			return false
		}
	}
	return true
}

func (t *term) matches(e *entry) bool {
	o := e.outcome
	switch t.field {
	case "source":
		return like(t.value, o.Source)
	case "status":
		if class, ok := strings.CutSuffix(t.value, "xx"); ok {
			return strconv.Itoa(e.status/100) == class
		}
		return strconv.Itoa(e.status) == t.value
	case "device":
		return t.device(e)
	case "code":
		return like(t.value, string(o.Code))
	case "method":
		return strings.EqualFold(t.value, e.method)
	case "path":
		return like(t.value, e.path)
	case "is":
		return t.is(e)
	}
	return t.anywhere(e)
}

func (t *term) device(e *entry) bool {
	for _, id := range e.outcome.Devices {
		if like(t.value, id) {
			return true
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.calls { // devices has the first ones alone
		if _, _, id := about(&e.calls[i]); id != "" && like(t.value, id) {
			return true
		}
	}
	return false
}

func (t *term) is(e *entry) bool {
	switch t.value {
	case "again":
		return e.again > 0
	case "imported":
		return e.imported != nil
	case "detected":
		return how(e.outcome) == howDetected
	case "accepted":
		return e.outcome.Accepted
	case "repeated":
		return e.outcome.Repeated > 0
	case "ignored":
		return e.outcome.Ignored > 0
	}
	return outcome(e) == t.value
}

// anywhere looks for a text in what was sent, and in what became of it.
func (t *term) anywhere(e *entry) bool {
	o := e.outcome
	for _, text := range append([]string{e.path, o.Source, string(o.Code), o.Detail, e.method}, o.Devices...) {
		if strings.Contains(strings.ToLower(text), t.value) {
			return true
		}
	}
	plain, _ := url.QueryUnescape(e.query)
	body := e.plainBody()
	return strings.Contains(strings.ToLower(plain), t.value) || containsFold(body, t.value)
}

// containsFold reports whether a text has a word, given in lower case, in letters of any case.
func containsFold(text []byte, word string) bool {
	if word == "" {
		return true
	}
	set := string([]byte{word[0], word[0] &^ 0x20})
	if word[0] < 'a' || word[0] > 'z' {
		set = word[:1]
	}
	for len(text) >= len(word) {
		at := bytes.IndexAny(text[:len(text)-len(word)+1], set)
		if word[0] >= utf8.RuneSelf {
			at = bytes.IndexByte(text[:len(text)-len(word)+1], word[0])
		}
		if at < 0 {
			return false
		}
		text = text[at:]
		if strings.EqualFold(string(text[:len(word)]), word) {
			return true
		}
		text = text[1:]
	}
	return false
}

// like reports whether a text is as a pattern in lower case says: * stands for any text.
func like(pattern, text string) bool {
	text = strings.ToLower(text)
	if !strings.Contains(pattern, "*") {
		return pattern == text
	}
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1:max(1, len(parts)-1)] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return len(parts) == 1 && text == "" || len(parts) > 1 && strings.HasSuffix(text, parts[len(parts)-1])
}

// How a request was recognized.
const (
	howNamed    = "named"    // its path names the source
	howDetected = "detected" // by what it looks like
	howOwn      = "own"      // a format of Mayfly's own
)

func how(o *function.Finished) string {
	switch {
	case o.Source == "":
		return ""
	case strings.TrimSuffix(o.Path, "/") == "/api/ingest":
		return howDetected
	case o.Source == "telemetry" || o.Source == "device":
		return howOwn
	}
	return howNamed
}

// outcome says in one word what became of a request.
func outcome(e *entry) string {
	o := e.outcome
	switch {
	case o.Code != "" || o.Status != 0:
		return "refused"
	case o.Delivered > 0 || o.Messages > 0 && o.Ignored == 0:
		return "delivered"
	case o.Ignored > 0:
		return "ignored"
	}
	return "empty"
}
