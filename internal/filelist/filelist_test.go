package filelist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{
		"b.json", "a.json", "note.txt", "deep/er/c.JSON", ".git/d.json", "deep/.hidden.json",
	} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ name, names, want string }{
		{"a file", "b.json", "b.json"},
		{"a file with another extension", "note.txt", "note.txt"},
		{"a folder", ".", "a.json b.json deep/er/c.JSON"},
		{"a folder below", "deep", "deep/er/c.JSON"},
		{"a pattern", "*.json", "a.json b.json"},
		{"a pattern of folders", "d*", "deep/er/c.JSON"},
		{"each file once", "b.json *.json", "b.json a.json"},
		{"a hidden file that is named", ".git/d.json", ".git/d.json"},
		{"a file that is not there", "c.json", "error: c.json: "},
		{"a pattern without matches", "*.yaml", "error: *.yaml: there is no such file"},
		{"a broken pattern", "[", "error: [: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files, err := Expand(folder, strings.Fields(tc.names), ".json")
			for i := range files {
				files[i], _ = filepath.Rel(folder, files[i])
				files[i] = filepath.ToSlash(files[i])
			}
			got := strings.Join(files, " ")
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != tc.want && !(strings.HasPrefix(tc.want, "error: ") && strings.HasPrefix(got, tc.want)) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
