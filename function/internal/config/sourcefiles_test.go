package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mayfly/function/internal/config"
)

// folderOf writes files into a folder of their own.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		at := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

const (
	press = "name: press\ndeviceId: .id\nmeasurements: {file: press.jq}\n" +
		"signature: {header: X, secrets: [\"file:press.key\"]}\n"
	listing = "sources:\n- {name: first, deviceId: .a, measurements: .}\n- ./sources/*.yaml\n" +
		"- {name: last, from: press}\n"
)

// Sources of files of their own are among the others, with the files that they name beside them.
func TestSourceFiles(t *testing.T) {
	t.Parallel()
	folder := folderOf(t, map[string]string{
		"mayfly.yaml":        listing,
		"sources/press.yaml": press, "sources/press.jq": ".values", "sources/press.key": "s3cret",
		"sources/tts.yaml": "from: tts\n", "sources/.hidden.yaml": "x", "sources/readme.md": "x",
	})
	report := config.CheckFile([]string{"AUTH=none"}, filepath.Join(folder, "mayfly.yaml"))
	if len(report.Faults) > 0 {
		t.Fatal(report.Faults)
	}
	names := report.Transformer.SourceNames()
	for _, want := range []string{"first", "press", "tts", "last"} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no %s", want)
		}
	}
	s, err := report.Transformer.Source("last")
	if err != nil || s.Signature == nil || s.Measurements.Text != ".values" {
		t.Errorf("what is taken from another file's source: %v", err)
	}
	var packed []string
	for _, f := range report.Files {
		name := f.Name
		if f.Secret {
			name += " (secret)"
		}
		packed = append(packed, name)
	}
	for _, f := range report.Files {
		if f.Name == "sources/tts.yaml" && f.Member != "sources[2]" { // among all: first, press, tts, last
			t.Errorf("tts.yaml is named by %s", f.Member)
		}
	}
	slices.Sort(packed)
	want := "sources/press.jq, sources/press.key (secret), sources/press.yaml, sources/tts.yaml"
	if got := strings.Join(packed, ", "); got != want {
		t.Errorf("it names %s, want %s", got, want)
	}
}

// What is wrong is told with the file, the line and the member there; sources of the configuration file keep theirs.
func TestFaultsOfSourceFiles(t *testing.T) {
	t.Parallel()
	const good = "name: b\ndeviceId: .id\nmeasurements: .\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string // each in a line of its own, after the folder
	}{
		{"an expression", map[string]string{"s/a.yaml": "name: a\ndeviceId: .id |\nmeasurements: .\n",
			"s/b.yaml": good}, []string{"s/a.yaml:2:"}},
		{"a member that is missing", map[string]string{"s/a.yaml": "name: a\ndeviceId: .id\n"},
			[]string{"s/a.yaml:1:1: measurements: source a: is missing"}},
		{"a member that is not known", map[string]string{"s/a.yaml": "name: a\ndeviceID: .id\nmeasurements: .\n"},
			[]string{"s/a.yaml:2:1: deviceID: is not a member: did you mean deviceId?"}},
		{"a signature", map[string]string{"s/a.yaml": good + "signature: {header: X}\n"},
			[]string{"s/a.yaml:4:12: signature.secrets: source b: is missing"}},
		{"one of the configuration file", map[string]string{"s/a.yaml": good, "more": "- {name: x, measurements: .}\n"},
			[]string{"mayfly.yaml:3:3: sources[1].deviceId: source x: is missing"}},
		{"a name twice", map[string]string{"s/a.yaml": good, "s/b.yaml": good},
			[]string{"s/b.yaml:1:7: name: source b: another source in this file, or in one that it names, has it"}},
		{"the name of one in the configuration file", map[string]string{"s/a.yaml": good,
			"more": "- {name: b, deviceId: .id, measurements: .}\n"},
			[]string{"mayfly.yaml:3:10: sources[1].name: source b: another source"}},
		{"no file", map[string]string{"x.yaml": good},
			[]string{"mayfly.yaml:2:3: sources[0]: ./s/*.yaml: there is no such file"}},
		{"not YAML", map[string]string{"s/a.yaml": "{{", "s/b.yaml": good}, []string{"s/a.yaml:1:"}},
		{"a list", map[string]string{"s/a.yaml": "- name: a\n"}, []string{"s/a.yaml:1:"}},
		{"nothing", map[string]string{"s/a.yaml": "# later\n"}, []string{"s/a.yaml:1: is not a source"}},
		{"too large", map[string]string{"s/a.yaml": good + "# " + strings.Repeat("x", 1<<20)},
			[]string{"s/a.yaml: is larger than 1 MiB"}},
		{"an expression in a file", map[string]string{"a.jq": ".",
			"s/a.yaml": "name: a\ndeviceId: .id\nmeasurements: {file: a.jq}\n"}, []string{"s/a.yaml:3:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.files["mayfly.yaml"] = "sources:\n- ./s/*.yaml\n" + tt.files["more"]
			folder := folderOf(t, tt.files)
			report := config.CheckFile([]string{"AUTH=none"}, filepath.Join(folder, "mayfly.yaml"))
			var lines []string
			for _, f := range report.Faults {
				lines = append(lines, strings.TrimPrefix(filepath.ToSlash(f.String()), filepath.ToSlash(folder)+"/"))
			}
			if len(lines) != len(tt.want) {
				t.Fatalf("%d faults, want %d: %q", len(lines), len(tt.want), lines)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("%q, want %q", lines[i], want)
				}
			}
		})
	}
}
