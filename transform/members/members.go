package members

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/internal/jsonscan"
	"mayfly/transform/media"
	"mayfly/transform/message"
	"mayfly/transform/rules"
)

// Timestamp reads a timestamp; ok is false where there is none: an empty text. prefix names
// the message in a batch.
func Timestamp(text, prefix string) (at time.Time, ok bool, wrong []message.FieldError) {
	if strings.TrimSpace(text) == "" {
		return at, false, nil
	}
	at, err := message.ParseTime(text, message.Zone{})
	if err != nil {
		return at, false, []message.FieldError{{Path: prefix + "timestamp", Rule: "timestamp", Hint: err.Error()}}
	}
	return at, true, nil
}

// WrongType makes the field error of a member that has another type.
func WrongType(prefix string, err error) message.FieldError {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return message.FieldError{Path: strings.TrimSuffix(prefix, "."), Rule: "json", Hint: err.Error()}
	}
	want := "a string"
	switch mismatch.Field {
	case "device", "properties":
		want = "an object"
	}
	return message.FieldError{Path: prefix + mismatch.Field, Rule: "type",
		Hint: "must be " + want + ", not a JSON " + mismatch.Value}
}

// maxProperties bounds the properties of a message.
const maxProperties = 1000

// Scalars turns the members of properties into texts; numbers stay as written.
func Scalars(prefix string, properties json.RawMessage) (map[string]string, []message.FieldError) {
	if kind := jsonscan.KindOf(properties); kind == jsonscan.Null {
		return nil, nil
	} else if kind != jsonscan.Object {
		_, name, _ := strings.Cut(strings.Replace(kind.String(), "boolean", "bool", 1), " ")
		return nil, []message.FieldError{{Path: strings.TrimSuffix(prefix, "."), Rule: "type",
			Hint: "must be an object, not a JSON " + name}}
	}
	members := map[string]json.RawMessage{}
	for all := jsonscan.Members(properties); all.Next(); {
		if members[all.NameText()] = all.Value; len(members) > maxProperties {
			return nil, []message.FieldError{{Path: strings.TrimSuffix(prefix, "."), Rule: "max",
				Hint: "may hold " + strconv.Itoa(maxProperties) + " properties at most"}}
		}
	}
	var wrong []message.FieldError
	texts := make(map[string]string, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		value, ok := scalar(raw)
		if string(raw) == "null" {
			continue
		}
		if !ok || !message.ValidProperty(name) || message.HasProperty(texts, name) {
			wrong = append(wrong, message.FieldError{Path: prefix + name, Rule: "property", Hint: rules.Hints["property"]})
			continue
		}
		texts[name] = value
	}
	return texts, wrong
}

func scalar(raw json.RawMessage) (string, bool) {
	switch media.KindOf(raw) {
	case "a string":
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case "a number", "a boolean":
		return string(bytes.TrimSpace(raw)), true
	}
	return "", false
}

// Has reports whether an object has a member.
func Has(object json.RawMessage, member string) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(object, &members) == nil && len(members[member]) > 0
}
