package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mayfly/internal/settings"
)

type inner struct {
	Deep string `yaml:"deep"`
}

// word reads itself.
type word string

func (w *word) UnmarshalText(text []byte) error {
	if strings.ContainsRune(string(text), ' ') {
		return errors.New("want one word")
	}
	*w = word(text)
	return nil
}

type outer struct {
	Name     string            `yaml:"name"`
	Count    int               `yaml:"count"`
	On       bool              `yaml:"on"`
	Wait     time.Duration     `yaml:"wait"`
	Word     word              `yaml:"word"`
	List     []inner           `yaml:"list"`
	Labels   map[string]string `yaml:"labels"`
	Inline   inner             `yaml:",inline"`
	Optional *inner            `yaml:"optional"`
}

// Every member that cannot be read is named, with its place, and the others are set.
func TestReadAll(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing wrong", "name: a\nlist: [{deep: b}]\n", nil},
		{"several types", "name: [a]\ncount: x\non: maybe\nwait: 5 apples\nword: two words\n", []string{
			"1:7 name: must be a text", "2:8 count: must be a whole number", "3:5 on: must be true or false",
			"4:7 wait: must be a duration, as in 5s or 1m30s", "5:7 word: want one word"}},
		{"not a list", "list: a\n", []string{"1:7 list: must be a list, as in [a, b]"}},
		{"not members", "list:\n  - deep: a\n  - b\noptional: 5\n", []string{
			"3:5 list[1]: must have members, as in name: value",
			"4:11 optional: must have members, as in name: value"}},
		{"not a member", "naem: a\nlist:\n  - {deep: a, colour: b}\n", []string{
			"1:1 naem: is not a member: did you mean name?",
			"3:15 list[0].colour: is not a member: want one of deep"}},
		{"inline", "deep: [a]\n", []string{"1:7 deep: must be a text"}},
		{"a label", "labels: {a.b: [c], d: e}\n", []string{"1:15 labels.a.b: must be a text"}},
		{"not YAML", "name: [a\n", []string{"1:7 : sequence end token ']' not found"}},
		{"twice the same", "name: a\nname: b\n", []string{`2:1 : mapping key "name" already defined at [1:1]`}},
		{"a merged member", "list:\n  - &a {deep: [b]}\n  - *a\n", []string{
			"2:15 list[0].deep: must be a text", "2:15 list[1].deep: must be a text"}},
		{"two documents", "name: a\n---\nname: b\n", []string{
			"1:1 : a second document after --- would not be read: use one document"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range settings.ReadAll([]byte(tt.text), &outer{}) {
				got = append(got, fmt.Sprintf("%d:%d %s: %s", f.Line, f.Column, f.Path, f.Problem))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
	var read outer
	settings.ReadAll([]byte("name: a\ncount: x\nlist: [{deep: b}, 5]\n"), &read)
	if read.Name != "a" || len(read.List) != 2 || read.List[0].Deep != "b" {
		t.Errorf("what can be read is not set: %+v", read)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	places := settings.NewPlaces([]byte(`# a comment
callers:
  - name: gate
    keys:
      - hash: x
      - "sha256:00"
  - {name: roof, rate: 50}
base: &base
  a.b: 1
sources:
  - <<: *base
    name: x
`))
	for path, want := range map[string]string{
		"callers[0].name": "3:11", "callers[0].keys[1]": "6:9", "callers[1].rate": "7:24",
		"callers[0]": "3:5", "callers[1]": "7:5", "callers": "3:3",
		"callers[0].rate": "3:5", "callers[7].name": "3:3", "nothing": "2:1", "sources[0].a.b": "9:8",
		"callers[0].keys[0].hash.deeper": "5:15",
	} {
		line, column := places.At(path)
		if got := fmt.Sprintf("%d:%d", line, column); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
	if line, _ := settings.NewPlaces([]byte("a: [")).At("a"); line != 0 {
		t.Error("a text that is not YAML has places")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"csv", "cbor", "json", "deviceId", "measurements"}
	for text, want := range map[string]string{
		"cvs": "csv", "JSON": "json", "deviceID": "deviceId", "measurments": "measurements", "xml": "", "": "",
	} {
		if got := settings.Nearest(text, names); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Whatever the text, reading it ends without a panic.
func FuzzReadAll(f *testing.F) {
	f.Add("name: a\nlist: [{deep: *a}]\n")
	f.Add("a: &a *a\n<<: *a")
	f.Fuzz(func(_ *testing.T, text string) {
		settings.ReadAll([]byte(text), &outer{})
		settings.NewPlaces([]byte(text)).At("list[0].deep")
	})
}
