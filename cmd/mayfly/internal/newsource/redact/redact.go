package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/internal/jsonscan"
	"mayfly/transform/credential"
	"mayfly/transform/message"
)

// Removed stands for a credential.
const Removed = "removed"

// JSON replaces the values that carry credentials, those inside of texts that hold JSON, too.
func JSON(text []byte) []byte {
	var out bytes.Buffer
	raw := jsonscan.Trim(text)
	var it jsonscan.Iterator
	kind := jsonscan.KindOf(raw)
	switch kind {
	case jsonscan.Object:
		it = jsonscan.Members(raw)
	case jsonscan.Array:
		it = jsonscan.Elements(raw)
	case jsonscan.String:
		return textOf(raw)
	default:
		return text
	}
	names := kind == jsonscan.Object && credential.Named(raw)
	at := bytes.Index(text, raw)
	out.Write(text[:at])
	from := 0
	for it.Next() {
		out.Write(raw[from:it.Start])
		from = it.Start + len(it.Value)
		var v any
		_ = json.Unmarshal(it.Value, &v)
		name := ""
		if kind == jsonscan.Object {
			name = it.NameText()
		}
		if s, isText := v.(string); clue.IsSecret(name, v) || names && isText && s != "" && credential.IsValue(name) {
			out.WriteString(`"` + Removed + `"`)
			continue
		}
		out.Write(JSON(it.Value))
	}
	out.Write(raw[from:])
	out.Write(text[at+len(raw):])
	return out.Bytes()
}

// textOf looks into a text that holds JSON, also in base64.
func textOf(raw []byte) []byte {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	_, how := clue.JSONIn(s)
	inner := s
	switch how {
	case "":
		return raw
	case "fromjson":
		inner = string(JSON([]byte(s)))
	default:
		text, _ := base64.StdEncoding.DecodeString(s) // JSONIn has read it
		if hidden := JSON(text); !bytes.Equal(hidden, text) {
			inner = base64.StdEncoding.EncodeToString(hidden)
		}
	}
	if inner == s {
		return raw
	}
	out, err := json.Marshal(inner)
	if err != nil {
		return raw
	}
	return out
}

// Secrets lists the values in a decoded body that carry credentials, wherever they stand.
func Secrets(v any) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if text, ok := message.ScalarText(inner); ok && clue.IsSecret(name, inner) {
				out = append(out, text)
			} else {
				out = append(out, Secrets(inner)...)
			}
		}
	case []any:
		for _, inner := range v {
			out = append(out, Secrets(inner)...)
		}
	case string:
		if clue.IsSecret("", v) {
			out = append(out, v)
		}
	}
	return out
}

// Form replaces the values of a form.
func Form(body string) string {
	pairs := strings.Split(body, "&")
	for i, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		plain, err := url.QueryUnescape(name)
		text, failed := url.QueryUnescape(value)
		if err == nil && failed == nil && clue.IsSecret(plain, text) {
			pairs[i] = name + "=" + Removed
		}
	}
	return strings.Join(pairs, "&")
}
