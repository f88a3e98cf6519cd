package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const rowsSource = `tables:
  - {name: assets, file: assets.csv, key: serial}
  - {name: customers, url: 'https://127.0.0.1:1/customers.json', key: id, headers: {Authorization: 'file:absent'}}
sources:
  - name: mine
    deviceId: row("assets"; .serial).device // .serial
    measurements: "{level, customer: row(\"customers\"; .customer).name}"
    samples:
      - name: rows of the file
        request: {body: '{"serial":"S-2","level":1.50,"customer":7}'}
        rows: {customers: [{id: 7, name: Acme}]}
        messages: [{deviceId: tank-2, body: '{"customer":"Acme","level":1.50}'}]
      - name: rows of the sample
        request: {body: '{"serial":"S-1","level":1,"customer":8}'}
        rows: {assets: [{serial: S-1, device: WANT}], customers: [{id: 7, name: Acme}]}
        messages: [{deviceId: tank-1, body: '{"customer":null,"level":1}'}]
`

func rowsConfig(t *testing.T, want string) string {
	t.Helper()
	folder := t.TempDir()
	text := strings.ReplaceAll(rowsSource, "WANT", want)
	for name, text := range map[string]string{"mayfly.yaml": text, "assets.csv": "serial,device\nS-2,tank-2\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "mayfly.yaml")
}

// Samples prove expressions that find rows, without a network: by their own rows, and by those of files.
func TestCheckRows(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, nil, "check", rowsConfig(t, "tank-1"))
	if code != exitOK || strings.Contains(out, "FAIL") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	contains(t, out, "warning: ", "tables[1].headers.Authorization") // the secret is on another machine
	body := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(body, []byte(`{"serial":"S-1","level":2,"customer":7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out, _ = command(t, nil, "try", "mine", body, "--offline", "--config", rowsConfig(t, "tank-1"))
	contains(t, out, "device tank-1", `{"customer":"Acme","level":2}`)
	code, out, _ = command(t, nil, "check", rowsConfig(t, "tank-3"))
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, `FAIL mine, sample "rows of the sample"`, "deviceId: want tank-1, got tank-3")
}
