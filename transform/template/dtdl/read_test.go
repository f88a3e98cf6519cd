package dtdl_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"mayfly/transform/template/dtdl"
)

// v writes an interface of a version of DTDL with contents.
func v(version int, contents string) string {
	return fmt.Sprintf(`{"@context":"dtmi:dtdl:context;%d","@id":"dtmi:test:A;1","@type":"Interface","contents":%s}`,
		version, contents)
}

// telemetry writes contents of one value.
func telemetry(schema string) string {
	return `[{"@type":"Telemetry","name":"t","schema":` + schema + `}]`
}

// describe writes the telemetry of all interfaces in one line.
func describe(d *dtdl.Document) string {
	var parts []string
	for _, i := range d.Interfaces {
		text := i.ID
		for _, t := range i.Telemetry {
			text += " " + t.Name + ":" + t.Schema.Describe()
		}
		for _, c := range i.Components {
			text += " " + c.Name + "=" + c.Interface
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " | ")
}

// each goes over a file of models, each with what comes of it.
func each(t *testing.T, file string, test func(t *testing.T, model, want string)) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		model, want := archive.Files[i], archive.Files[i+1]
		if want.Name != "want" {
			t.Fatalf("%s: %q has no want", file, model.Name)
		}
		t.Run(model.Name, func(t *testing.T) {
			t.Parallel()
			test(t, string(model.Data), strings.TrimSpace(string(want.Data)))
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	each(t, "read.txtar", func(t *testing.T, model, want string) {
		for _, text := range []string{model, "\ufeff" + model} {
			d, err := dtdl.Read("model.json", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(d); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		}
	})
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	model := `[{"@id":"dtmi:x:template;1","capabilityModel":` + v(2, telemetry(`"double"`)) + `}]`
	d, err := dtdl.Read("t.json", []byte(model))
	if err != nil || d.Templates["dtmi:x:template;1"] != "dtmi:test:A;1" || len(d.Roots) != 1 {
		t.Errorf("%v %v: %v", d.Templates, d.Roots, err)
	}
}

// TestFaults: what is wrong, where, and what would be right.
func TestFaults(t *testing.T) {
	t.Parallel()
	each(t, "faults.txtar", func(t *testing.T, model, want string) {
		refuse(t, model, want)
	})
}

func refuse(t *testing.T, model, want string) {
	t.Helper()
	d, err := dtdl.Read("m.json", []byte(model))
	if err == nil {
		t.Fatalf("it is taken: %s", describe(d))
	}
	var faults dtdl.Faults
	if !errors.As(err, &faults) || err.Error() != want {
		t.Errorf("got %.500s\nwant %s", err, want)
	}
}

// TestBadText: what is not JSON, or too much of it.
func TestBadText(t *testing.T) {
	t.Parallel()
	long := func(version, size int) string {
		comment := `"comment":"` + strings.Repeat("x", size) + `","contents"`
		return strings.Replace(v(version, `[]`), `"contents"`, comment, 1)
	}
	arrays := strings.Repeat(`{"@type":"Array","elementSchema":`, 40) + `"double"` + strings.Repeat("}", 40)
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":            {``, `m.json:1: unexpected end of JSON input`},
		"not JSON":           {"{\n\"a\" 1}", `m.json:2: invalid character '1' after object key`},
		"not JSON in a list": {"[{},\n{\"a\":}]", `m.json:2: invalid character '}' looking for beginning of value`},
		"cut":                {strings.TrimSuffix(v(2, `[]`), `}`), `m.json:1: unexpected end of JSON input`},
		"not UTF-8":          {"{\"a\":\"\xff\"}", `m.json:1: the file is not UTF-8; a DTDL model is JSON in UTF-8`},
		"lists of lists": {strings.Repeat("[", 9) + strings.Repeat("]", 9),
			`m.json:1: [0][0][0][0]: lists are nested deeper than 4`},
		"nested too deep":    {strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300), `m.json:1: nested too deep`},
		"a member twice":     {`{"a":1,` + "\n" + `"a":2}`, `m.json:2: an object has the member "a" twice`},
		"interface too long": {long(3, 2<<20), `m.json:1: the interface is 2048 KiB long; at most 1024 KiB are allowed`},
		"10 MB of it":        {long(2, 10<<20), `m.json:1: the interface is 10240 KiB long; at most 4096 KiB are allowed`},
		"file too long":      {strings.Repeat(" ", dtdl.MaxFile+1), `m.json:1: the file is 32 MiB; at most 32 MiB are read`},
		"too many contents": {v(3, `[`+strings.TrimSuffix(strings.Repeat(`0,`, 100_001), ",")+`]`),
			`m.json:1: contents: 100001 contents; at most 100000 are allowed`},
		"schemas too deep": {v(4, telemetry(arrays)),
			`m.json:1: contents[0].schema` + strings.Repeat(".elementSchema", 32) + `: schemas are nested deeper than 32`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuse(t, tt.text, tt.want)
		})
	}
}

// TestAllFaultsAtOnce: a file is read to its end, but what is told is bounded.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 100 {
		list = append(list, fmt.Sprintf(`{"@type":"Telemetry","name":"n%d","schema":"odd"}`, i))
	}
	for n, want := range map[int]int{3: 3, 100: dtdl.MaxFaults} {
		_, err := dtdl.Read("m.json", []byte(v(2, `[`+strings.Join(list[:n], ",")+`]`)))
		if lines := strings.Count(fmt.Sprint(err), "\n") + 1; lines != want {
			t.Errorf("%d faults are told of %d, want %d: %v", lines, n, want, err)
		}
	}
}

// FuzzRead: whatever the text, it is read, or refused with a place.
func FuzzRead(f *testing.F) {
	for _, schema := range []string{
		`"double"`,
		`{"@type":"Array","elementSchema":"long"}`,
		`{"@id":"dtmi:a:b;1","@type":"Map","mapKey":{"name":"k","schema":"string"},` +
			`"mapValue":{"name":"v","schema":"dtmi:a:b;1"}}`,
		`{"@type":"Enum","valueSchema":"integer","enumValues":[{"name":"a","displayName":{"en":"A"},"enumValue":1}]}`,
		`{"@type":"Object","fields":[{"@type":["Field","Required"],"name":"x","schema":"point"}]}`,
	} {
		for version := 2; version <= 4; version++ {
			f.Add([]byte(v(version, telemetry(schema))))
		}
	}
	component := `{"@type":"Component","name":"c",` +
		`"schema":{"@id":"dtmi:test:B;1","@type":"Interface","extends":["dtmi:a:b;1"]}}`
	f.Add([]byte(`[{"@id":"dtmi:x:y;1","capabilityModel":` + v(2, component) + `}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := dtdl.Read("m.json", text)
		var faults dtdl.Faults
		switch {
		case err == nil:
			_ = describe(d)
		case !errors.As(err, &faults) || len(faults) == 0 || faults[0].Line < 1 || faults[0].Problem == "":
			t.Fatalf("an error without a place: %v", err)
		}
	})
}
