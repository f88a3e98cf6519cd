package tail

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/logline"
)

// term is one of the terms that all have to apply.
type term struct {
	field, value string // without a field: in the whole line
	not          bool
}

var fields = []string{"source", "status", "device", "code", "method", "path", "is", "caller", "level"}

// parseFilter reads the terms, which are those of the console's search.
func parseFilter(words []string) (out []term, err error) {
	for _, word := range words {
		t := term{value: strings.ToLower(word)}
		if rest, ok := strings.CutPrefix(t.value, "-"); ok && rest != "" {
			t.not, t.value = true, rest
		}
		if name, value, ok := strings.Cut(t.value, ":"); ok && slices.Contains(fields, name) {
			t.field, t.value = name, strings.Trim(value, `"`)
		}
		if t.field == "is" && !slices.Contains([]string{"refused", "ignored", "delivered", "accepted", "repeated"},
			t.value) {
			return nil, fmt.Errorf("is:%s is not known; want refused, ignored, delivered, accepted or repeated",
				t.value)
		}
		if t.value != "" {
			out = append(out, t)
		}
	}
	return out, nil
}

// shows tells whether a line is one of those that are wanted.
func shows(filter []term, l logline.Line) bool {
	for _, t := range filter {
		if t.applies(l) == t.not {
			return false
		}
	}
	return true
}

func (t *term) applies(l logline.Line) bool {
	like := func(names ...string) bool {
		for value := range strings.SplitSeq(strings.ToLower(l.Text(names...)), ", ") {
			if ok, err := path.Match(strings.ReplaceAll(t.value, "/", "\x00"), strings.ReplaceAll(value, "/",
				"\x00")); ok && err == nil {
				return true
			}
		}
		return false
	}
	switch t.field {
	case "source", "caller", "code", "level":
		return like(t.field)
	case "device":
		return like("device", "deviceIds", "devices")
	case "method":
		return like("method", "http.request.method")
	case "path":
		return like("path", "url.path")
	case "status":
		status := l.Text("status", "http.response.status_code")
		class, ok := strings.CutSuffix(t.value, "xx")
		return status == t.value || ok && status != "" && status[:1] == class
	case "is":
		return is(t.value, l)
	}
	return strings.Contains(strings.ToLower(string(l.JSON())), t.value)
}

func is(state string, l logline.Line) bool {
	switch state {
	case "refused":
		return l.Text("code") != ""
	case "accepted":
		return l.Text("accepted") == "true"
	case "ignored":
		return l.Text("code") == "" && l.Text("ignored") != "" && l.Text("ignored") != "0"
	}
	n := l.Text(state)
	return n != "" && n != "0"
}
