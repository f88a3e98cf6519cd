package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"mayfly/function"
)

// variablesOf reads a .env file.
func variablesOf(t *testing.T, folder string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// What init writes starts, for every host and from every source.
func TestInitWritesAConfiguration(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ host, source, file string }{
		{"server", "native", ""},
		{"container", "tts", ""},
		{"lambda", "sigfox", "lambda.toml"},
		{"functions", "chirpstack", "azure.parameters.json"},
		{"kubernetes", "particle", "values.yaml"},
	} {
		t.Run(tc.host, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "new")
			args := []string{"init", folder, "--host", tc.host, "--source", tc.source, "--id-scope", "0ne1",
				"--caller", "gate", "--group-key", testGroupKey}
			code, out, errs := command(t, nil, args...)
			if code != 0 || strings.Contains(out, testGroupKey) {
				t.Fatalf("%d\n%s%s", code, out, errs)
			}
			contains(t, out, "created  mayfly.yaml", "created  .env", "mayfly check", "mayfly doctor")
			environ := append(variablesOf(t, folder), "CONFIG="+filepath.Join(folder, "mayfly.yaml"))
			c, err := function.LoadConfig(environ)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{true: 0, false: 1}[tc.host == "functions"]; len(c.Keys) != want {
				t.Errorf("%d keys", len(c.Keys))
			}
			info, err := os.Stat(filepath.Join(folder, ".env"))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v %v", info.Mode(), err)
			}
			if tc.file != "" {
				text, err := os.ReadFile(filepath.Join(folder, tc.file))
				if err != nil || !strings.Contains(string(text), "0ne1") {
					t.Errorf("%v %s", err, text)
				}
				if strings.Contains(string(text), testGroupKey) {
					t.Errorf("%s has the group key", tc.file)
				}
				var anything any
				if filepath.Ext(tc.file) != ".toml" && yaml.Unmarshal(text, &anything) != nil {
					t.Errorf("cannot be read: %s", text)
				}
			}
			before := folderText(t, folder)
			code, out, errs = command(t, nil, args...)
			if code != 0 || strings.Contains(out, "created") || strings.Contains(out, "mayfly_") {
				t.Errorf("a second run: %d\n%s%s", code, out, errs)
			}
			if after := folderText(t, folder); after != before {
				t.Errorf("a second run changed the files:\n%s\n%s", before, after)
			}
		})
	}
}

// folderText is all that the files of a folder contain.
func folderText(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, name := range append(files, filepath.Join(folder, ".env")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += name + "\n" + string(text)
	}
	return all
}

// The key that is shown opens the bridge, and only for the source that was named.
func TestInitKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, out, _ := command(t, nil, "init", folder, "--host", "server", "--source", "tts", "--id-scope", "0ne1",
		"--group-key", testGroupKey, "--caller", "stack")
	key := regexp.MustCompile(`mayfly_[\w-]{43}`).FindString(out)
	environ := append(variablesOf(t, folder), "CONFIG="+filepath.Join(folder, "mayfly.yaml"))
	if !strings.Contains(strings.Join(environ, "\n"), "MAYFLY_KEY="+key) {
		t.Errorf("another key in .env: %q", environ)
	}
	if got := statusOf(t, environ, key, "/api/tts"); got == http.StatusUnauthorized || got == http.StatusForbidden {
		t.Errorf("the source that was named: %d", got)
	}
	if got := statusOf(t, environ, key, "/api/sigfox"); got != http.StatusForbidden {
		t.Errorf("another source: %d", got)
	}
	if got := statusOf(t, environ, key+"x", "/api/tts"); got != http.StatusUnauthorized {
		t.Errorf("another key: %d", got)
	}
}

// Questions are answered line by line, the usual answer by an empty line.
func TestInitAsks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, answers, want, files string }{
		{"all answers", "lambda\ntts\n0ne1\n" + testGroupKey + "\nstack\n", "", "lambda.toml"},
		{"usual answers", "\n\n0ne1\n" + testGroupKey + "\n\n", "", ".env"},
		{"a wrong answer first", "moon\nserver\nnative\n0ne1\n" + testGroupKey + "\n\n", `"moon" is not a host`,
			".env"},
		{"no answers", "", "there is no answer to: ID scope", ""},
		{"wrong answers only", "server\nnative\n0ne1\n*\n*\n*\n", "--group-key or GROUP_KEY", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			code, out, errs := commandWith(t, tc.answers, nil, "init", folder)
			if (code == 0) == (tc.files == "") || !strings.Contains(errs, tc.want) {
				t.Errorf("%d\n%s%s", code, out, errs)
			}
			if _, err := os.Stat(filepath.Join(folder, tc.files)); err != nil {
				t.Error(err)
			}
			if entries, _ := os.ReadDir(folder); tc.files == "" && len(entries) > 0 {
				t.Errorf("a failed run left %v", entries)
			}
		})
	}
}

// statusOf posts {} to a bridge with this configuration.
func statusOf(t *testing.T, environ []string, key, path string) int {
	t.Helper()
	c, err := function.LoadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	service := function.New(c, function.Dependencies{DPS: http.DefaultTransport, Hub: http.DefaultTransport,
		Log: slog.New(slog.DiscardHandler)})
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader("{}"))
	r.Header.Set("X-Api-Key", key)
	r.Header.Set("Content-Type", "application/json")
	service.ServeHTTP(w, r)
	return w.Code
}
