package transform

import (
	"fmt"

	"mayfly/internal/settings"
	"mayfly/transform/media"
	"mayfly/transform/sources"
)

// methods are those that a sender may use.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// checkEnums checks the members that are one of a few words.
func (d *Definition) checkEnums(fault func(field, problem string)) {
	enum := func(field, value string, allowed ...string) {
		if problem := settings.Enum(value, allowed...); problem != "" {
			fault(field, problem)
		}
	}
	enum("format", string(d.Format), media.Formats()...)
	enum("csv.header", d.CSV.Header, media.Headers()...)
	enum("csv.delimiter", d.CSV.Delimiter, media.Delimiters()...)
	enum("group", d.Group, sources.GroupNames()...)
	enum("onReject", d.OnReject, "accept")
	enum("units", string(d.Units), string(UnitsImperial), string(UnitsSI))
	for i, method := range d.Methods {
		enum(fmt.Sprintf("methods[%d]", i), method, methods...)
	}
	for i := range d.Samples {
		enum(fmt.Sprintf("samples[%d].request.method", i), d.Samples[i].Request.Method, methods...)
		if d.Samples[i].Refused != "" && len(d.Samples[i].Messages) > 0 {
			fault(fmt.Sprintf("samples[%d].refused", i), "excludes messages: a request makes them or is refused")
		}
	}
}
