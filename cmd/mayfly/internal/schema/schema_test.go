package schema

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled returns the schema.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(Text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mayfly.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mayfly.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read makes of YAML what the validator takes.
func read(t *testing.T, text string) (any, error) {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(string(plain)))
}

var (
	fence    = regexp.MustCompile("(?s)\n```ya?ml[^\n]*\n(.*?)\n```")
	hash     = regexp.MustCompile(`sha256:[0-9a-f]+\.\.\.`) // shortened for readers
	topLevel = regexp.MustCompile(`(?m)^(sources|callers|tokens|certificates|fleets|templates|tables):`)
)

// Each configuration in the documentation is valid.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	s, root := compiled(t), "../../../.."
	checked := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "dist") {
			return fs.SkipDir
		}
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
			if !topLevel.MatchString(block[1]) {
				continue
			}
			checked++
			value, err := read(t, hash.ReplaceAllString(block[1], "sha256:"+strings.Repeat("5f", 32)))
			if err == nil {
				err = s.Validate(value)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", path, err, block[1])
			}
		}
		return err
	})
	if err != nil || checked < 10 {
		t.Errorf("%d configurations were checked: %v", checked, err)
	}
}

// Each built-in source is valid.
func TestBuiltInSources(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	files, err := filepath.Glob("../../../../transform/sources/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		value, err := read(t, string(text))
		if err == nil {
			err = s.Validate(map[string]any{"sources": []any{value}})
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What is wrong is found.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, tc := range []struct{ name, text string }{
		{"an unknown member", "source: []"},
		{"an unknown member of a source", "sources: [{name: a, devideId: .id}]"},
		{"a list where a text belongs", "sources: [{name: [a]}]"},
		{"a key instead of its hash", "callers: [{name: a, keys: [secret]}]"},
		{"a rate without a unit", "callers: [{name: a, keys: [], rate: 50}]"},
		{"a duration without a unit", "sources: [{name: a, patience: 5}]"},
		{"an expression as a list", "sources: [{name: a, deviceId: [.id]}]"},
		{"a number of fleets", "fleets: 2"},
		{"units that are unknown", "sources: [{name: a, units: metric}]"},
	} {
		value, err := read(t, tc.text)
		if err == nil {
			err = s.Validate(value)
		}
		if err == nil {
			t.Errorf("%s is valid", tc.name)
		}
	}
}
