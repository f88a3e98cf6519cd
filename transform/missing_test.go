package transform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mayfly/transform"
	"mayfly/transform/message"
)

// Senders leave members out, and write null for them. A message without one that
// it needs is refused for that; no expression stumbles over one that it does not.
func TestMembersMayBeMissing(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		if name == "senml" || name == "otlp" { // formats whose rules say what must be there
			continue
		}
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range source.Samples {
			var whole any
			if len(sample.Messages) == 0 || json.Unmarshal([]byte(sample.Request.Body), &whole) != nil {
				continue
			}
			everyMember(whole, "", func(object map[string]any, member, path string) {
				value := object[member]
				defer func() { object[member] = value }()
				for _, how := range []string{"null", "absent"} {
					if object[member] = nil; how == "absent" {
						delete(object, member)
					}
					body, err := json.Marshal(whole)
					if err != nil {
						t.Fatal(err)
					}
					request := sample.Request.Request(name)
					request.Body = body
					_, err = source.Map(t.Context(), request)
					if stumbles(err) {
						t.Errorf("%s, sample %q, %s %s: %v", name, sample.Name, path, how, err)
					}
				}
			})
		}
	}
}

// stumbles tells whether an error is of an expression that could not be evaluated.
func stumbles(err error) bool {
	var e *message.Error
	return errors.As(err, &e) && slices.ContainsFunc(e.Fields, func(f message.FieldError) bool {
		return f.Rule == "mapping" && !strings.HasPrefix(f.Hint, "gave no measurements")
	})
}

// everyMember calls f for each member of each object in a value.
func everyMember(value any, path string, f func(object map[string]any, member, path string)) {
	switch value := value.(type) {
	case map[string]any:
		names := make([]string, 0, len(value))
		for name := range value {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			f(value, name, path+"."+name)
			everyMember(value[name], path+"."+name, f)
		}
	case []any:
		for i, element := range value {
			everyMember(element, fmt.Sprintf("%s[%d]", path, i), f)
		}
	}
}
