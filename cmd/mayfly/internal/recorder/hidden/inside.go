package hidden

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"

	"mayfly/internal/jsonscan"
)

// parameter is one of a URL that stands in a text.
var parameter = regexp.MustCompile(`[?&]([A-Za-z][\w.-]{0,63})=([^&#\s"'<>]+)`)

// typedValues are the members of a value that stands with its type, as OTLP's.
var typedValues = []string{"stringValue", "string_value"}

// inside returns a JSON text without the credentials in what it holds: JSON, JSON in base64, URLs, names and values. It
// is nil where there are none.
func (s *Secrets) inside(raw []byte) []byte {
	plain, ok := jsonscan.Text(raw)
	if !ok || plain == "" {
		return nil
	}
	inner, hidden := []byte(plain), plain
	decoded, err := base64.StdEncoding.DecodeString(plain)
	switch {
	case holdsObject(inner):
		if v := s.value(jsonscan.Trim(inner), nil); v != nil {
			hidden = string(v)
		}
	case err == nil && holdsObject(decoded):
		if s.value(jsonscan.Trim(decoded), nil) != nil { // what is inside is a secret in other texts, too
			hidden = s.hide(plain)
		}
	default:
		inURL := func(name []byte) bool { return Name(string(name)) }
		hidden = string(s.named(s.text(inner, nil), parameter, inURL))
	}
	if hidden == plain {
		return nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // as senders write it, so that the rest stays as it was
	if encoder.Encode(hidden) != nil {
		return nil
	}
	return bytes.TrimSpace(out.Bytes())
}

func holdsObject(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) && jsonscan.Valid(jsonscan.Trim(text))
}
