package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/config/named"
	"mayfly/transform/table"
)

// TestTables: which tables and steps are taken, and how what is wrong is told.
func TestTables(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"assets.csv": "serial,site\nA-1,Delft\n", "twice.csv": "serial,site\nA-1,Delft\nA-1,Breda\n",
		"a.txt":  "serial\n1\n",
		"key.jq": ".serial", "token": "secret",
	}
	const assets = "tables: [{name: assets, file: assets.csv, key: serial}]\n"
	for _, tc := range []struct{ name, file, fault string }{
		{"nothing", "", ""},
		{"a table", assets, ""},
		{"a table and steps", assets + "enrich: [{table: assets, on: .serial, fields: [site]}]\n" +
			"sources: [{from: tts, enrich: []}]\n" +
			"fleets: [{name: north, idScope: 0ne2, groupKey: bWF5Zmx5, " +
			"enrich: [{table: assets, on: {file: key.jq}}]}]", ""},
		{"an address", "tables: [{name: a, url: 'https://example.com/assets.csv', key: serial, " +
			"headers: {Authorization: 'file:token'}}]", ""},
		{"an address as a file", "tables: [{name: a, file: 'https://example.com/assets', key: serial}]", ""},
		{"a format", "tables: [{name: a, file: a.txt, format: csv, key: serial}]", ""},
		{"no name", "tables: [{file: assets.csv, key: serial}]", ":1:10: tables[0].name: is missing"},
		{"a name twice", "tables: [{name: a, file: assets.csv, key: serial}, {name: a, file: assets.csv, key: serial}]",
			":1:59: tables[1].name: table a: another table has this name"},
		{"no key", "tables: [{name: a, file: assets.csv}]", "tables[0].key: table a: is missing"},
		{"another key", "tables: [{name: a, file: assets.csv, key: seral}]",
			`assets.csv:1:1: table a: there is no column "seral", the key; did you mean "serial"?`},
		{"no file", "tables: [{name: a, key: serial}]", "tables[0].file: table a: or url must be set"},
		{"no such file",
			"tables: [{name: a, file: asets.csv, key: serial}]", ":1:26: tables[0].file: table a: cannot be read"},
		{"a folder",
			"tables: [{name: a, file: ., key: serial, format: csv}]", "tables[0].file: table a: cannot be read"},
		{"a format that nobody says",
			"tables: [{name: a, file: a.txt, key: serial}]", "tables[0].format: table a: is missing"},
		{"another format", "tables: [{name: a, file: a.txt, key: serial, format: xml}]", `"xml" is not known`},
		{"a broken file", "tables: [{name: a, file: twice.csv, key: serial}]", "twice.csv:3:1: table a: the key"},
		{"an address without TLS",
			"tables: [{name: a, url: 'http://example.com/a.csv', key: serial}]", "is not an https address"},
		{"headers of a file",
			"tables: [{name: a, file: assets.csv, key: serial, headers: {A: b}}]", "the table has none"},
		{"a header with a line break", "tables: [{name: a, url: 'https://e.x/a.csv', key: b, headers: {A: \"a\\nb\"}}]",
			"has a line break"},
		{"a rash refresh",
			"tables: [{name: a, file: assets.csv, key: serial, refresh: 1ms}]", "must be from 1s to 168h"},
		{"another table", assets + "enrich: [{table: asset, on: .serial}]",
			`:2:18: enrich[0].table: "asset" is not one of the tables; did you mean assets?`},
		{"no tables", "enrich: [{table: asset, on: .serial}]", "there are none under tables"},
		{"another column", assets + "enrich: [{table: assets, on: .serial, fields: [stie]}]",
			`:2:47: enrich[0].fields: "stie" is not a column of the table; did you mean "site"?`},
		{"an expression",
			assets + "enrich:\n  - table: assets\n    on: .serial |", ":4:18: enrich[0].on: unexpected EOF"},
		{"steps of a source",
			assets + "sources: [{from: tts, enrich: [{table: assets}]}]",
			"sources[0].enrich[0].on: source tts: is missing"},
		{"a member", assets + "enrich: [{tabel: assets}]", "did you mean table?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "mayfly.yaml")
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(path, []byte(tc.file), 0o600); err != nil {
				t.Fatal(err)
			}
			report := CheckFile(nil, path)
			text, wrong := report.Faults.Error(), len(report.Faults) > 0
			if wrong != (tc.fault != "") || !strings.Contains(text, tc.fault) {
				t.Errorf("%s\nwant %s", text, tc.fault)
			}
			_, err := Load([]string{"CONFIG=" + path, "ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none"})
			if (err != nil) != (tc.fault != "") {
				t.Errorf("at a start: %v", err)
			}
		})
	}
}

// TestLargeTable: a file that is too large is refused before it is read.
func TestLargeTable(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, err := os.Create(filepath.Join(folder, "assets.csv"))
	if err == nil {
		err = file.Truncate(1 << 30) // a hole: it takes no room
	}
	if err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "mayfly.yaml")
	if err := os.WriteFile(path, []byte("tables: [{name: a, file: assets.csv, key: serial}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	report := CheckFile(nil, path)
	if !strings.Contains(report.Faults.Error(), table.TooLarge(table.CSV)) || len(report.Faults) != 1 {
		t.Errorf("%v", report.Faults)
	}
	if len(report.Files) != 1 || report.Files[0].Name != "assets.csv" {
		t.Errorf("the file would not be packed: %v", report.Files)
	}
}

// TestTablesTogether: all tables together have a bound, too.
func TestTablesTogether(t *testing.T) {
	t.Parallel()
	f := &File{named: &named.Files{Folder: t.TempDir()}}
	if err := os.WriteFile(f.named.Path("a.csv"), []byte("serial\nA-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := Table{TableSpec: TableSpec{Name: "a", File: "a.csv", Key: "serial", Format: table.CSV}}
	left := int64(15)
	for want := range 2 {
		f.readTable("tables[0].", &spec, &left)
		if len(f.faults) != want {
			t.Errorf("%v", f.faults)
		}
	}
	if len(f.faults) > 0 && !strings.Contains(f.faults[0].Problem, "512 MiB together") {
		t.Errorf("%v", f.faults)
	}
}
