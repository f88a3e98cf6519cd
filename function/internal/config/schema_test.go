package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/ratelimit"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/reduce"
	"mayfly/transform/sample"
	"mayfly/transform/signing"
	"mayfly/transform/table"
	"mayfly/transform/template"
)

//go:generate go test -count=1 -run ^TestSchema$ . -args -update

var update = flag.Bool("update", false, "write the schema instead of comparing it")

const schemaFile = "cmd/mayfly/internal/schema/mayfly.schema.json"

// TestSchema makes the JSON Schema of mayfly.yaml from the types that it is read into. go generate writes it; this test
// fails when it differs from what the types say, or when a member has no description.
func TestSchema(t *testing.T) {
	t.Chdir("../../..") // descriptions are the comments of the source
	r := &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, DoNotReference: false, ExpandedStruct: true,
		Anonymous: true, Mapper: schemaOf, Namer: nameOf,
	}
	for _, folder := range []string{"./function", "./transform"} {
		if err := r.AddGoComments("mayfly", folder); err != nil {
			t.Fatal(err)
		}
	}
	s := r.Reflect(&File{})
	s.ID, s.Title = "", "mayfly.yaml"
	s.Description = "Configuration of Mayfly beside the environment: sources, callers and fleets."
	describeFleets(s.Definitions["FleetSpec"])
	sources, _ := s.Properties.Get("sources")
	sources.Items = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "string", Description: "files of one source each: a path, folder or pattern, as in ./sources/*.yaml"},
		sources.Items,
	}}
	everyMember(s, "", func(path string, member *jsonschema.Schema) {
		member.Description = strings.Join(strings.Fields(member.Description), " ")
		if member.Description == "" {
			t.Errorf("%s has no description: comment its field", path)
		}
	})
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	at := filepath.FromSlash(schemaFile)
	have, err := os.ReadFile(at)
	if err == nil && bytes.Equal(have, text) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the types: run go generate ./function/internal/config", schemaFile)
	}
	if err := os.WriteFile(at, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// nameOf names the definition of a type: several packages have a Spec.
func nameOf(t reflect.Type) string {
	if name := t.Name(); name != "Spec" && name != "Settings" {
		return name
	}
	return path.Base(t.PkgPath()) + t.Name()
}

// schemaOf has the types that YAML writes in another way than their fields.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	text := func(pattern, description string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: pattern, Description: description}
	}
	switch t {
	case reflect.TypeFor[mapping.Expr]():
		file := text("", "path of a .jq file, beside mayfly.yaml")
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string"}, {Type: "number"}, {Type: "boolean"}, {Type: "null"},
			closed("file", map[string]*jsonschema.Schema{"file": file}),
		}}
	case reflect.TypeFor[secret.Text]():
		return text("", "")
	case reflect.TypeFor[ratelimit.Rate]():
		return text("^[0-9]+/[smh]$", "")
	case reflect.TypeFor[time.Duration]():
		return text(`^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`, "")
	case reflect.TypeFor[policy.KeySpec]():
		hash := text("^sha256:[0-9a-fA-F]{64}$", "SHA-256 of the key; mayfly keys new prints it")
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{hash, closed("hash", map[string]*jsonschema.Schema{
			"hash": hash, "expires": text("", "2027-01-31, or 2027-01-31T08:30:00Z"),
		})}}
	case reflect.TypeFor[template.Policy]():
		unknown := &jsonschema.Schema{Type: "string", Enum: []any{"refuse", "report"},
			Description: "what happens to telemetry that the template does not have"}
		require := closed("unknown", map[string]*jsonschema.Schema{"unknown": unknown})
		require.Description = "refuse what does not fit"
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string", Enum: []any{"off", "report", "coerce", "require"}},
			closed("require", map[string]*jsonschema.Schema{
				"require": require,
			}),
		}}
	case reflect.TypeFor[queue.Mode]():
		return &jsonschema.Schema{Type: "string", Enum: []any{queue.ModeNever, queue.ModeFallback, queue.ModeAlways}}
	case reflect.TypeFor[enrich.Fields]():
		name := text("", "")
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "array", Items: name}, {Type: "object", AdditionalProperties: name},
		}}
	case reflect.TypeFor[enrich.Missing]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string", Enum: []any{"ignore", "refuse"}},
			{Type: "object", AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
				{Type: "string"}, {Type: "number"}, {Type: "boolean"},
			}}},
		}}
	case reflect.TypeFor[reduce.Functions]():
		function := &jsonschema.Schema{Type: "string", Enum: []any{"min", "max", "avg", "last", "count"}}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{function, {Type: "array", Items: function}}}
	case reflect.TypeFor[reduce.Change]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string", Enum: []any{"changed"}}, {Type: "number", Minimum: "0"},
		}}
	case reflect.TypeFor[table.Format]():
		return &jsonschema.Schema{Type: "string", Enum: []any{table.CSV, table.JSON, table.YAML}}
	case reflect.TypeFor[sample.Data]():
		return &jsonschema.Schema{}
	case reflect.TypeFor[transform.Units]():
		return &jsonschema.Schema{Type: "string", Enum: []any{transform.UnitsImperial, transform.UnitsSI}}
	case reflect.TypeFor[signing.Scheme]():
		return &jsonschema.Schema{Type: "string", Enum: []any{
			signing.HMAC, signing.Hash, signing.Token, signing.Basic, signing.JWT, signing.Certificate, signing.Soracom,
			signing.Actility,
		}}
	case reflect.TypeFor[media.Format]():
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

// closed is an object with these members and no other ones.
func closed(required string, members map[string]*jsonschema.Schema) *jsonschema.Schema {
	properties := jsonschema.NewProperties()
	for _, name := range slices.Sorted(maps.Keys(members)) {
		properties.Set(name, members[name])
	}
	return &jsonschema.Schema{Type: "object", Properties: properties, Required: []string{required},
		AdditionalProperties: jsonschema.FalseSchema}
}

// describeFleets takes the descriptions of the variables that say the same of the environment's own fleet.
func describeFleets(s *jsonschema.Schema) {
	docs := map[string]string{}
	for _, v := range Variables() {
		docs[v.Name] = v.Doc
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[FleetSpec]()) {
		if member, ok := s.Properties.Get(field.Tag.Get("yaml")); ok && docs[field.Tag.Get("env")] != "" {
			member.Description = docs[field.Tag.Get("env")]
		}
	}
}

// everyMember calls visit with each member of each object.
func everyMember(s *jsonschema.Schema, path string, visit func(string, *jsonschema.Schema)) {
	if s == nil {
		return
	}
	for name, definition := range s.Definitions {
		everyMember(definition, name, visit)
	}
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		visit(path+"."+pair.Key, pair.Value)
		everyMember(pair.Value, path+"."+pair.Key, visit)
	}
	everyMember(s.Items, path+"[]", visit)
	for _, one := range s.AnyOf {
		everyMember(one, path, visit)
	}
}
