package emulator_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mayfly/emulator"
)

// section returns the part of docs/emulator.md under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut("\n"+string(text), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("docs/emulator.md does not have %q", heading)
	}
	level := strings.Count(strings.Fields(heading)[0], "#")
	if end := regexp.MustCompile(`(?m)^#{1,` + string('0'+rune(level)) + `} `).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

// firstColumn returns the quoted words in the first column of a section's tables.
func firstColumn(text string) []string {
	var words []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\|").FindAllStringSubmatch(text, -1) {
		for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			words = append(words, word[1])
		}
	}
	return words
}

// sameWords reports words that only one of two lists has.
func sameWords(t *testing.T, documented, real []string) {
	t.Helper()
	for _, word := range documented {
		if !slices.Contains(real, word) {
			t.Errorf("docs/emulator.md has %q, which does not exist", word)
		}
	}
	for _, word := range real {
		if !slices.Contains(documented, word) {
			t.Errorf("docs/emulator.md lacks %q", word)
		}
	}
}

func TestDocsRoutes(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	text, _, _ := strings.Cut(section(t, "## HTTP API"), "\n### ")
	var routes, parameters []string
	for _, word := range firstColumn(text) {
		if strings.Contains(word, " /") {
			routes = append(routes, word)
		} else {
			parameters = append(parameters, word)
		}
	}
	sameWords(t, routes, e.ConsoleRoutes())
	sameWords(t, parameters, emulator.QueryParameters())
	sameWords(t, firstColumn(section(t, "### Actions")), e.DeviceActions())
	for _, example := range regexp.MustCompile(`http://127\.0\.0\.1:7080(/\S+?)'`).FindAllStringSubmatch(text, -1) {
		if status, out, _ := console(t, e, "GET", strings.Replace(example[1], "wait=5s", "wait=1ms", 1),
			""); status != 200 {
			t.Errorf("%s: %d %s", example[1], status, out)
		}
	}
}

// The members of an event that are named are those that it has.
func TestDocsEvent(t *testing.T) {
	t.Parallel()
	text := section(t, "## HTTP API")
	_, text, _ = strings.Cut(text, "An event has")
	text, _, _ = strings.Cut(text, "\n\n")
	var documented []string
	for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		documented = append(documented, word[1])
	}
	ev := emulator.Event{}
	fill(reflect.ValueOf(&ev).Elem())
	ev.Body = []byte("\xff")
	sameWords(t, append(documented, "seq"), members(t, ev))
}

// fill sets every field that has its zero value and can be set to something else.
func fill(v reflect.Value) {
	for _, f := range v.Fields() {
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Int, reflect.Int64:
			f.SetInt(1)
		case reflect.Uint64:
			f.SetUint(1)
		case reflect.Float64:
			f.SetFloat(0.5)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Map:
			f.Set(reflect.ValueOf(map[string]string{"k": "v"}))
		default:
		}
	}
}

// members returns the names of a value's members in JSON.
func members(t *testing.T, v any) []string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range object {
		names = append(names, name)
	}
	return names
}

func TestDocsFaults(t *testing.T) {
	t.Parallel()
	text := section(t, "## Faults")
	var f emulator.Fault
	fill(reflect.ValueOf(&f).Elem())
	sameWords(t, append(firstColumn(text), "hits"), members(t, f))

	// The words that a member may have are those of its row.
	for member, real := range map[string][]string{
		"endpoint": {emulator.EndpointDPS, emulator.EndpointHub, emulator.EndpointSend, emulator.OpRegister,
			emulator.OpPoll, emulator.OpLookup, emulator.OpEvents, emulator.OpBatch, emulator.OpReceive,
			emulator.OpComplete, emulator.OpReject, emulator.OpAbandon,
			emulator.OpUpload, emulator.OpNotify, emulator.OpBlob},
		"cut":   {emulator.CutBefore, emulator.CutAfter},
		"state": {"unassigned", "assigning", "assigned", "failed", "disabled"},
	} {
		row := regexp.MustCompile("(?m)^\\| `" + member + "` \\| (.*) \\|$").FindStringSubmatch(text)
		if row == nil {
			t.Errorf("no row for %s", member)
			continue
		}
		var documented []string
		for _, word := range regexp.MustCompile("`\"?([a-z]+)\"?`").FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, word[1])
		}
		sameWords(t, documented, real)
		for _, word := range documented {
			fault := map[string]any{member: word}
			if member == "endpoint" {
				fault["latency"] = "1s"
			}
			script, _ := json.Marshal(fault) // strings can always be marshaled
			if _, err := emulator.ParseFaults(strings.NewReader(string(script))); err != nil {
				t.Errorf("%s: %v", script, err)
			}
		}
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(text, -1)
	for _, example := range examples {
		if _, err := emulator.ParseFaults(strings.NewReader(example[1])); err != nil {
			t.Errorf("%s: %v", example[1], err)
		}
	}
	if len(examples) < 3 {
		t.Errorf("%d examples", len(examples))
	}
}
