package transform

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// hints say what would be right, for each rule.
var hints = map[string]string{
	"required":  "is missing",
	"deviceid":  `must be 1 to 128 letters, digits or "-._:", the last one a letter, a digit or "-"`,
	"dtmi":      "must be a DTMI, as in dtmi:example:Thermostat;1",
	"name":      "must be a DTDL name: 1 to 64 letters, digits or _, a letter first, no _ last",
	"messageid": `must be 1 to 128 letters, digits or "-:.+%_#*?!(),=@;$'"`,
	"object":    "must be a JSON object of measurements",
	"timestamp": errTime.Error(),
	"property":  "must be a string, a number or a boolean under a name of letters, digits or \"!#$%&'*+-.^_`|~\", other than what component and timestamp say",
	"string":    "must be a string",
}

// rules is the validator of all messages. It is made when the first message
// comes: a cold start does not wait for it.
type rules struct {
	once sync.Once
	made *validator.Validate
}

// Struct checks the fields of a message by their tags.
func (r *rules) Struct(fields any) error {
	r.once.Do(func() { r.made = newValidator() })
	return r.made.Struct(fields)
}

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	for tag, valid := range map[string]func(string) bool{
		"deviceid":  ValidDeviceID,
		"dtmi":      ValidModelID,
		"name":      validName,
		"messageid": ValidMessageID,
		"object":    func(s string) bool { return isObject([]byte(s)) },
		"timestamp": validTimestamp,
	} {
		// The tags are constants of this file, so registration cannot fail.
		_ = v.RegisterValidation(tag, func(fl validator.FieldLevel) bool { return valid(text(fl.Field())) })
	}
	return v
}

// text gives a field's value, be it a string or raw JSON.
func text(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		return string(v.Bytes())
	}
	return v.String()
}

// fieldErrors turns what the validator found into our field errors. prefix
// names the message in a batch.
func fieldErrors(prefix string, err error) []FieldError {
	found, _ := err.(validator.ValidationErrors) //nolint:errorlint // the validator returns it bare
	fields := make([]FieldError, 0, len(found))
	for _, f := range found {
		_, path, _ := strings.Cut(f.Namespace(), ".")
		fields = append(fields, FieldError{Path: prefix + path, Rule: f.Tag(), Hint: hints[f.Tag()]})
	}
	return fields
}

// element names a message of a batch in paths; a lone message needs no name.
func element(i, of int) string {
	if of == 1 {
		return ""
	}
	return "[" + strconv.Itoa(i) + "]."
}

// ValidDeviceID tells whether s may be a registration id: 1 to 128 letters,
// digits and "-._:", the last one a letter, a digit or "-" (azure-docs,
// iot-dps/concepts-service.md).
func ValidDeviceID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && c != '-' && c != '.' && c != '_' && c != ':' {
			return false
		}
	}
	last := s[len(s)-1]
	return alphanumeric(last) || last == '-'
}

// ValidModelID tells whether s is a digital twin model identifier: "dtmi:", names
// with colons between them, and mostly a version, as in ";1" or ";1.2" (Digital
// Twins Definition Language v3, "Digital Twin Model Identifier").
func ValidModelID(s string) bool {
	path, ok := strings.CutPrefix(s, "dtmi:")
	if !ok || len(s) > 128 {
		return false
	}
	path, version, versioned := strings.Cut(path, ";")
	if versioned {
		major, minor, both := strings.Cut(version, ".")
		if !versionNumber(major, 9) || both && !versionNumber(minor, 6) {
			return false
		}
	}
	for name := range strings.SplitSeq(path, ":") {
		if !dtdlName(name) {
			return false
		}
	}
	return true
}

// validName tells whether s may name a component (the same, "Component").
func validName(s string) bool { return len(s) <= 64 && dtdlName(s) }

// validTimestamp tells whether a JSON value is a timestamp.
func validTimestamp(s string) bool {
	_, err := parseTime(strings.Trim(s, `"`))
	return err == nil
}

func versionNumber(s string, most int) bool {
	return s != "" && len(s) <= most && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// dtdlName tells whether s is a name of that language: letters, digits and "_",
// a letter first, no "_" last.
func dtdlName(s string) bool {
	if s == "" || !alphanumeric(s[0]) || s[0] <= '9' || s[len(s)-1] == '_' {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '_' {
			return false
		}
	}
	return true
}

// ValidMessageID tells whether s may be a message id (azure-docs,
// iot-hub/iot-hub-devguide-messages-construct.md).
func ValidMessageID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && strings.IndexByte("-:.+%_#*?!(),=@;$'", c) < 0 {
			return false
		}
	}
	return true
}

// validProperty tells whether name may be an application property: an HTTP
// token (the same document, "Application properties").
func validProperty(name string) bool {
	if name == "" || len(name) > 128 || name == "$.sub" || strings.EqualFold(name, "iothub-creation-time-utc") {
		return false // component and timestamp say these
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
