package function

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// variables reads "A=b". Set but empty is the same as not set: SAM templates and
// Functions settings have no other way to leave a variable out.
func variables(environ []string) map[string]string {
	vars := env.ToMap(environ)
	for name, value := range vars {
		if strings.TrimSpace(value) == "" {
			delete(vars, name)
		}
	}
	return vars
}

// wanted says what the variables of a type must look like. The types of this
// project say it in their own errors.
var wanted = map[reflect.Type]string{
	reflect.TypeFor[time.Duration](): "a duration, as in 10s",
	reflect.TypeFor[int]():           "a whole number",
	reflect.TypeFor[int64]():         "a whole number",
	reflect.TypeFor[bool]():          "true or false",
	reflect.TypeFor[slog.Level]():    "debug, info, warn or error",
}

// read sets the fields of c from the variables. Its faults do not repeat a value:
// it might be a secret.
func (c *Config) read(vars map[string]string) []Fault {
	err := env.ParseWithOptions(c, env.Options{Environment: vars})
	all, _ := errors.AsType[env.AggregateError](err)
	var faults []Fault
	for _, one := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](one)
		if !ok {
			faults = append(faults, Fault{"environment", one.Error()})
			continue
		}
		problem := parse.Err.Error()
		if want, ok := wanted[parse.Type]; ok {
			problem = "want " + want
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		faults = append(faults, Fault{field.Tag.Get("env"), problem})
	}
	return faults
}
