package newsource_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/newsource"
	"mayfly/cmd/mayfly/internal/tool"
)

// TestCommand: the file is new, what is not sure is told, and nothing is overwritten.
func TestCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := filepath.Join(folder, "mayfly.yaml")
	if err := os.WriteFile(config, []byte("sources: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(name, body string) (string, error) {
		var out, errs bytes.Buffer
		w := &tool.World{Stdin: strings.NewReader(body), Stdout: &out, Stderr: &errs}
		c := newsource.Command{Name: name, Body: "-", Method: "post", Path: "/hook?id=S-7",
			Header: []string{"X-Acme-Signature: s3cret", "x-api-key: s3cret"},
			Out:    filepath.Join(folder, "sources", "acme.yaml"), Config: config}
		err := c.Run(t.Context(), w)
		return out.String() + errs.String(), err
	}
	out, err := run("acme", `{"at":"03/04/2026 10:00:00","temp":21.5}`)
	if err != nil {
		t.Fatal(err, out)
	}
	written, err := os.ReadFile(filepath.Join(folder, "sources", "acme.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"UNSURE", "month-first", "the query's id", "looks like a signature", "acme.yaml"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(string(written)+out, "s3cret") {
		t.Errorf("a credential is in\n%s\n%s", written, out)
	}
	for name, want := range map[string]string{"acme": "exists", "Acme!": "lower-case", "tts": "already"} {
		if _, err := run(name, `{"id":"a","temp":1}`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	again, err := os.ReadFile(filepath.Join(folder, "sources", "acme.yaml"))
	if err != nil || !bytes.Equal(again, written) {
		t.Errorf("the file was changed: %v", err)
	}
}
