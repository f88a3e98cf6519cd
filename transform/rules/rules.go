package rules

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"mayfly/transform/media"
	"mayfly/transform/media/lines"
	"mayfly/transform/message"

	"github.com/go-playground/validator/v10"
)

// Hints say what would be right, for each rule.
var Hints = map[string]string{
	"required":  "is missing",
	"deviceid":  `must be 1 to 128 letters, digits or "-._:", the last one a letter, a digit or "-"`,
	"dtmi":      "must be a DTMI, as in dtmi:example:Thermostat;1",
	"name":      "must be a DTDL name: 1 to 64 letters, digits or _, a letter first, no _ last",
	"messageid": `must be 1 to 128 letters, digits or "-:.+%_#*?!(),=@;$'"`,
	"object":    "must be a JSON object of measurements",
	"property": "must be a string, a number or a boolean under a name of letters, digits or \"!#$%&'*+-.^_`|~\", " +
		"other than what component and timestamp say, and once (case does not count)",
	"string": "must be a string",
}

// Rules is the validator of all messages. It is made when the first message
// comes: a cold start does not wait for it.
type Rules struct {
	once sync.Once
	made *validator.Validate
}

// Struct checks the fields of a message by their tags.
func (r *Rules) Struct(fields any) error {
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
		"deviceid":  message.ValidDeviceID,
		"dtmi":      message.ValidModelID,
		"name":      message.ValidName,
		"messageid": message.ValidMessageID,
		"object":    func(s string) bool { return media.IsObject([]byte(s)) },
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

// FieldErrors turns what the validator found into our field errors. prefix
// names the message in a batch.
func FieldErrors(prefix string, err error) []message.FieldError {
	found, _ := err.(validator.ValidationErrors) //nolint:errorlint // the validator returns it bare
	fields := make([]message.FieldError, 0, len(found))
	for _, f := range found {
		_, path, _ := strings.Cut(f.Namespace(), ".")
		fields = append(fields, message.FieldError{Path: prefix + path, Rule: f.Tag(), Hint: Hints[f.Tag()]})
	}
	return fields
}

// Element names a message of a batch in paths; a lone message needs no name.
func Element(i, of int) string {
	if of == 1 {
		return ""
	}
	return "[" + strconv.Itoa(i) + "]."
}

// BatchElement names part i of a body with so many parts and lines that cannot be read, as a
// prefix of the paths of its fields. Those lines count.
func BatchElement(i, parts int, bad []lines.Bad) string {
	before := 0
	for before < len(bad) && bad[before].Before <= i {
		before++
	}
	return Element(i+before, parts+len(bad))
}
