package function

import (
	"cmp"
	"encoding"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// variables reads "A=b". Set but empty is the same as not set: SAM templates and
// Functions settings have no other way to leave a variable out.
func variables(environ []string) map[string]string {
	vars := make(map[string]string, len(environ))
	for _, one := range environ {
		name, value, _ := strings.Cut(one, "=")
		if vars[name] = value; strings.TrimSpace(value) == "" {
			delete(vars, name)
		}
	}
	return vars
}

// read fills in what the variables say. Its faults are without the values: one of
// them might be a secret.
func (c *Config) read(vars map[string]string) []Fault {
	var faults []Fault
	for field, value := range reflect.ValueOf(c).Elem().Fields() {
		variable := field.Tag.Get("env")
		text := cmp.Or(vars[variable], field.Tag.Get("envDefault"))
		if variable == "" || text == "" {
			continue
		}
		if want := set(value, text); want != "" {
			faults = append(faults, Fault{variable, "want " + want})
		}
	}
	return faults
}

// set reads a field's text, and says what would be right where it cannot.
func set(field reflect.Value, text string) (want string) {
	var err error
	switch to := field.Addr().Interface().(type) {
	case *time.Duration:
		want = "a duration, as in 10s"
		*to, err = time.ParseDuration(text)
	case *int:
		want = "a whole number"
		*to, err = strconv.Atoi(text)
	case *int64:
		want = "a whole number"
		*to, err = strconv.ParseInt(text, 10, 64)
	case *bool:
		want = "true or false"
		*to, err = strconv.ParseBool(text)
	case *slog.Level:
		want = "debug, info, warn or error"
		err = to.UnmarshalText([]byte(text))
	case encoding.TextUnmarshaler:
		if err = to.UnmarshalText([]byte(text)); err != nil {
			return strings.TrimPrefix(err.Error(), "want ")
		}
	default:
		field.SetString(text)
	}
	if err == nil {
		return ""
	}
	return want
}
