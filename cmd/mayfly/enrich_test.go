package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const enrichedSource = `tables: [{name: assets, file: assets.csv, key: serial}]
lookups:
  - {name: weather, url: 'URL/\($key)', key: $message.properties.site, select: .current, allow: private}
enrich:
  - {table: assets, on: .serial, fields: [site], missing: MISSING}
  - {lookup: weather, put: .weather, fields: [temperature]}
sources:
  - name: mine
    deviceId: .id
    measurements: "{serial, level}"
    samples:
      - name: enriched
        request: {body: '{"id":"a","serial":"S-1","level":1}'}
        rows: {assets: [{serial: S-1, site: north}]}
        answers: {weather: {current: {temperature: 21.50}}}
        messages:
          - {deviceId: a, body: '{"level":1,"serial":"S-1","weather":{"temperature":WANT}}', properties: {site: north}}
      - name: the mapping alone
        request: {body: '{"id":"a","serial":"S-1","level":1}'}
        messages: [{deviceId: a, body: '{"level":1,"serial":"S-1"}', properties: {}}]
      - name: a look-up that fails
        request: {body: '{"id":"a","serial":"S-1","level":1}'}
        rows: {assets: [{serial: S-1, site: north}]}
        messages:
          - deviceId: a
            body: '{"level":1,"serial":"S-1"}'
            properties: {site: north, enrichment: weather failed}
`

func enrichedConfig(t *testing.T, replace ...string) string {
	t.Helper()
	folder := t.TempDir()
	replace = append(replace, "URL", "http://127.0.0.1:1", "MISSING", "ignore", "WANT", "21.50")
	text := strings.NewReplacer(replace...).Replace(enrichedSource)
	for name, text := range map[string]string{"mayfly.yaml": text, "assets.csv": "serial,site\nS-2,south\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "mayfly.yaml")
}

// Samples prove enrichment without a network, by the rows and the answers that they bring.
func TestCheckEnrichment(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, nil, "check", enrichedConfig(t))
	if code != exitOK || strings.Contains(out, "FAIL") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	code, out, _ = command(t, nil, "check", enrichedConfig(t, "WANT", "3"))
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, `FAIL mine, sample "enriched"`,
		`body: want {"level":1,"serial":"S-1","weather":{"temperature":3}}`,
		`got {"level":1,"serial":"S-1","weather":{"temperature":21.50}}`)
}

// The example proves itself.
func TestCheckExample(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, nil, "check", filepath.FromSlash("../../examples/enrich/mayfly.yaml"))
	if code != exitOK || strings.Contains(out, "FAIL") || strings.Contains(out, "warning") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	contains(t, strings.Join(strings.Fields(out), " "), "tanks 2 2")
}

// Each step is shown with what became of it: online from the service, offline from the samples.
func TestTryEnrichment(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"current":{"temperature":5.0,"place":"` + r.URL.Path + `"}}`))
	}))
	t.Cleanup(service.Close)
	for _, tt := range []struct {
		name, serial string
		replace      []string
		flags        []string
		code         int
		want         []string
	}{
		{"online", "S-2", []string{"URL", service.URL}, nil, exitOK,
			[]string{`enrich assets  hit for "S-2": site`, "enrich weather  hit: temperature",
				`{"level":1,"serial":"S-2","weather":{"temperature":5.0}}`}},
		{"no row", "S-9", []string{"URL", service.URL}, nil, exitOK,
			[]string{`enrich assets  miss for "S-9"`, "enrich weather  miss", `{"level":1,"serial":"S-9"}`}},
		{"refused", "S-9", []string{"URL", service.URL, "MISSING", "refuse"}, nil, exitFailed,
			[]string{`enrich assets  refused for "S-9"`, "the table assets has no row"}},
		{"the service is away", "S-2", nil, nil, exitOK,
			[]string{"enrich weather  failed; look-up weather: cannot be reached: it refuses connections",
				"iothub-app-enrichment: weather failed"}},
		{"offline", "S-1", nil, []string{"--offline"}, exitOK,
			[]string{"enrich assets  hit", "enrich weather  hit: temperature", `"weather":{"temperature":21.50}`}},
		{"offline, not in the rows", "S-2", nil, []string{"--offline"}, exitOK,
			[]string{`enrich assets  miss for "S-2"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := file(t, "body.json", `{"id":"a","serial":"`+tt.serial+`","level":1}`)
			args := append([]string{"try", "mine", body, "--config", enrichedConfig(t, tt.replace...)}, tt.flags...)
			code, out, errs := command(t, nil, args...)
			if code != tt.code {
				t.Errorf("exit code %d: %s", code, errs)
			}
			contains(t, out, tt.want...)
		})
	}
}
