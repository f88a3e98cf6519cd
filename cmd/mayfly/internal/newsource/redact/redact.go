package redact

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/internal/jsonscan"
)

// Removed stands for a credential.
const Removed = "removed"

// JSON replaces the values that carry credentials, those inside of texts that hold JSON, too.
func JSON(raw []byte) []byte {
	var out bytes.Buffer
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
		return raw
	}
	from := 0
	for it.Next() {
		out.Write(raw[from:it.Start])
		from = it.Start + len(it.Value)
		var v any
		_ = json.Unmarshal(it.Value, &v)
		if kind == jsonscan.Object && clue.IsSecret(it.NameText(), v) {
			out.WriteString(`"` + Removed + `"`)
			continue
		}
		out.Write(JSON(it.Value))
	}
	out.Write(raw[from:])
	return out.Bytes()
}

// textOf looks into a text that holds JSON.
func textOf(raw []byte) []byte {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	_, how := clue.JSONIn(s)
	if how != "fromjson" {
		return raw
	}
	inner := JSON([]byte(s))
	if string(inner) == s {
		return raw
	}
	out, err := json.Marshal(string(inner))
	if err != nil {
		return raw
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
