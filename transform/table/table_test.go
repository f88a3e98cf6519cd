package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"mayfly/transform/message"
	"mayfly/transform/table"
)

// shown writes a row as JSON.
func shown(t *testing.T, row table.Row) string {
	t.Helper()
	text, err := message.Marshal(row.Object())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A table gives the same rows whatever it is written in, and values keep their digits.
func TestRead(t *testing.T) {
	t.Parallel()
	const a1 = `{"calibrated":1.50,"live":true,"room":"2.14","serial":"A-1","site":"Delft"}`
	for _, tc := range []struct {
		name   string
		format table.Format
		text   string
		key    string // to look up
		want   string // empty: there is none
	}{
		{"CSV", table.CSV, "serial,site,room,calibrated,live\nA-1,Delft,x2.14,1.50,true\n", "A-1",
			strings.Replace(a1, "2.14", "x2.14", 1)},
		{"a semicolon and a decimal comma", table.CSV, "serial;price\nA-1;1,50\n", "A-1",
			`{"price":1.50,"serial":"A-1"}`},
		{"tabs", table.CSV, "serial\tprice\nA-1\t7\n", "A-1", `{"price":7,"serial":"A-1"}`},
		{"quotes, spaces and an empty cell", table.CSV, "serial, site ,room\r\nA-1 , \"Den Haag, NL\",\r\n", "A-1",
			`{"serial":"A-1","site":"Den Haag, NL"}`},
		{"a line break in a cell", table.CSV, "serial,note\nA-1,\"a\nb\"\nA-2,c\n", "A-2",
			`{"note":"c","serial":"A-2"}`},
		{"a BOM", table.CSV, "\ufeffserial,site\nA-1,Delft\n", "A-1", `{"serial":"A-1","site":"Delft"}`},
		{"a key that looks like a number", table.CSV, "serial,site\n0012,Delft\n", "0012",
			`{"serial":"0012","site":"Delft"}`},
		{"another spelling of it", table.CSV, "serial,site\n0012,Delft\n", "12", ""},
		{"an identifier with a leading zero", table.CSV, "serial,site\nA-1,007\n", "A-1",
			`{"serial":"A-1","site":"007"}`},
		{"no rows", table.CSV, "serial,site\n", "A-1", ""},
		{"JSON", table.JSON, `[{"serial":"A-1","site":"Delft","room":"2.14","calibrated":1.50,"live":true}]`, "A-1",
			a1},
		{"JSON by key", table.JSON, `{"A-1":{"site":"Delft","room":"2.14","calibrated":1.50,"live":true},"A-2":{}}`,
			"A-1",
			a1},
		{"JSON, members that differ", table.JSON, `[{"serial":"A-1","b":1},{"a":2,"serial":"A-2","b":null}]`, "A-2",
			`{"a":2,"serial":"A-2"}`},
		{"JSON, a key that is a number", table.JSON, ` [ {"serial":7, "big":123456789012345678901234567890.10} ] `, "7",
			`{"big":123456789012345678901234567890.10,"serial":7}`},
		{"JSON, values within", table.JSON, `{"A-1":{"at":{"lat":52.0100,"lon":[4.3]}}}`, "A-1",
			`{"at":{"lat":52.0100,"lon":[4.3]},"serial":"A-1"}`},
		{"JSON, no rows", table.JSON, `[]`, "A-1", ""},
		{"YAML", table.YAML, "- serial: A-1\n  site: Delft\n  room: '2.14'\n  calibrated: 1.50\n  live: true\n", "A-1",
			a1},
		{"YAML by key", table.YAML, "A-1: {site: Delft, room: '2.14', calibrated: 1.50, live: true}\nA-2: {}\n", "A-1",
			a1},
		{"YAML, anchors and merges", table.YAML,
			"- &a {serial: A-1, site: Delft, n: 0x1F}\n- {<<: *a, serial: A-2, m: 007}\n",
			"A-2", `{"m":"007","n":31,"serial":"A-2","site":"Delft"}`},
		{"YAML, values within", table.YAML, "A-1:\n  at: {lat: 52.0100}\n  list:\n    - 1\n", "A-1",
			`{"at":{"lat":52.0100},"list":[1],"serial":"A-1"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			read, err := table.Read([]byte(tc.text), tc.format, "serial")
			if err != nil {
				t.Fatal(err)
			}
			row, ok := read.Row(tc.key)
			if ok != (tc.want != "") {
				t.Fatalf("found: %v", ok)
			}
			if ok && shown(t, row) != tc.want {
				t.Errorf("%s, want %s", shown(t, row), tc.want)
			}
		})
	}
}

// What is wrong is named with its kind and its place.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		format table.Format
		text   string
		kind   error
		want   string // what the first fault begins with
	}{
		{"no key column", table.CSV, "seral,site\nA-1,Delft\n", table.ErrMissingKey,
			`line 1, column 1: there is no column "serial", the key; did you mean "seral"?`},
		{"another header", table.CSV, "a,b\n1,2\n", table.ErrMissingKey,
			`line 1, column 1: there is no column "serial", the key; there are "a", "b"`},
		{"a row without a key", table.CSV, "site,serial\nDelft,A-1\nBreda,\n", table.ErrMissingKey,
			`line 3, column 7: the row has no "serial"`},
		{"nothing", table.CSV, "", table.ErrMissingKey, "line 1, column 1: is empty"},
		{"a key twice", table.CSV, "site,serial\nDelft,A-1\nBreda,A-1\n", table.ErrDuplicateKey,
			`line 3, column 7: the key "serial" is there already, in line 2`},
		{"a NUL byte", table.CSV, "serial,site\nA-1,De\x00lft\n", table.ErrNUL,
			"line 2, column 7: has a NUL byte; remove it"},
		{"a spreadsheet", table.CSV, "PK\x03\x04\x00\x00", table.ErrMalformed, "line 1, column 1: is a ZIP archive"},
		{"UTF-16", table.CSV, "s\x00e\x00r\x00", table.ErrNUL,
			"line 1, column 2: has a NUL byte; the file looks like UTF-16"},
		{"Latin-1", table.CSV, "serial,site\nA-1,M\xfcnster\n", table.ErrMalformed, "line 2, column 6: is not UTF-8"},
		{"a row too long", table.CSV, "serial,site\nA-1,Delft, NL\n", table.ErrRagged,
			"line 2, column 5: the row has 3 cells, the header 2"},
		{"a row too short", table.CSV, "serial,site,room\nA-1,Delft\n", table.ErrRagged,
			"line 2, column 5: the row has 2 cells, the header 3"},
		{"a column twice", table.CSV, "serial,site,site\nA-1,a,b\n", table.ErrMalformed,
			`line 1, column 13: two columns have the name "site"`},
		{"a column without a name", table.CSV, "serial,,site\nA-1,a,b\n", table.ErrMalformed,
			"line 1, column 8: column 2 has no name"},
		{"an open quote", table.CSV, "serial,site\nA-1,\"Delft\n", table.ErrMalformed, "line 2"},
		{"not JSON", table.JSON, "[{\"serial\":1},\n {\"serial\" 2}]", table.ErrMalformed,
			"line 2, column 12: is not JSON"},
		{"JSON of another kind", table.JSON, `"A-1"`, table.ErrMalformed, "line 1, column 1: is not a table"},
		{"JSON rows of another kind", table.JSON, "[\n1]", table.ErrMalformed,
			"line 2, column 1: the row is not an object"},
		{"JSON without a key", table.JSON, "[{\"serial\":\"A\"},\n{\"id\":1}]", table.ErrMissingKey,
			`line 2, column 1: the row has no "serial"`},
		{"a JSON key twice", table.JSON, "[{\"serial\":7},\n{\"serial\":\"7\"}]", table.ErrDuplicateKey,
			"line 2, column 11: the key"},
		{"a JSON member twice", table.JSON, `[{"serial":7,"a":1,"a":2}]`, table.ErrMalformed,
			`line 1, column 24: the row has the member "a" twice`},
		{"an escaped NUL", table.JSON, `[{"serial":7,"a":"\u0000"}]`, table.ErrNUL, "line 1, column 18"},
		{"a JSON key that is an object", table.JSON, `[{"serial":{}}]`, table.ErrMissingKey,
			"line 1, column 12: the key"},
		{"an empty JSON key", table.JSON, `{"":{"a":1}}`, table.ErrMissingKey, "line 1, column 5: the row has no"},
		{"not YAML", table.YAML, "- serial: [", table.ErrMalformed, "line 1"},
		{"two documents", table.YAML, "- serial: 1\n---\n- serial: 2\n", table.ErrMalformed, "line"},
		{"a YAML key twice", table.YAML, "- serial: 1\n- serial: 1\n", table.ErrDuplicateKey,
			"line 2, column 11: the key"},
		{"YAML without a key", table.YAML, "- serial: 1\n- site: 1\n", table.ErrMissingKey,
			"line 2, column 3: the row has no"},
		{"a YAML number that is none", table.YAML, "- serial: 1\n  a: .inf\n", table.ErrMalformed, "line 2, column 6"},
		{"an alias without a meaning", table.YAML, "- serial: *a\n", table.ErrMalformed, "line"},
		{"another format", "xml", "<a/>", table.ErrMalformed, `the format "xml" is not known`},
		{"too much YAML", table.YAML, strings.Repeat(" ", table.MaxYAMLBytes+1), table.ErrTooLarge,
			"has more than 16 MiB"},
		{"very many columns", table.CSV, manyColumns(), table.ErrTooLarge, "line 1"},
		{"a very long row", table.CSV, "serial,a\n1," + strings.Repeat("a", 70_000), table.ErrTooLarge,
			"line 2, column 1: the row has more than 64 KiB"},
		{"a very long key", table.CSV, "serial\n" + strings.Repeat("a", 2000), table.ErrTooLarge,
			"line 2, column 1: the key has more than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			read, err := table.Read([]byte(tc.text), tc.format, "serial")
			if read != nil || !errors.Is(err, tc.kind) || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("%v\nwant %v: %s", err, tc.kind, tc.want)
			}
		})
	}
}

func manyColumns() string {
	var b strings.Builder
	b.WriteString("serial")
	for i := range table.MaxColumns {
		fmt.Fprintf(&b, ",c%d", i)
	}
	return b.String()
}

// Of very many faults the first ones are told.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	_, err := table.Read([]byte("serial,a\n"+strings.Repeat("x\n", 10_000)), table.CSV, "serial")
	faults, ok := errors.AsType[table.Faults](err)
	if !ok || len(faults) != 10 || faults[1].Line != 3 {
		t.Errorf("%v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	read, err := table.Read([]byte("serial,site\n7,Delft\n"), table.CSV, "serial")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		value any
		found bool
	}{
		{7, true}, {json.Number("7"), true}, {"7", true}, {7.0, true}, {json.Number("7.0"), false}, {nil, false},
		{[]any{7}, false},
	} {
		if _, ok := read.Find(tc.value); ok != tc.found {
			t.Errorf("%v: %v", tc.value, ok)
		}
	}
	row, _ := read.Find(7)
	if row.Value("site") != "Delft" || row.Value("serial") != "7" || row.Value("room") != nil {
		t.Errorf("%v", row.Object())
	}
	if names := row.Names(); len(names) != 1 || names[0] != "site" {
		t.Errorf("%v", names)
	}
}

// assets writes a CSV table of some rows.
func assets(rows int) []byte {
	var b strings.Builder
	b.WriteString("serial,site,room,customer,calibrated\n")
	for i := range rows {
		fmt.Fprintf(&b, "SN-%08d,site %d,%d.%02d,customer %d,2026-01-%02d\n", i, i%50, i%9, i%100, i%1000, i%28+1)
	}
	return []byte(b.String())
}

// A row takes at most 300 bytes of memory beside its text, as docs/enrichment.md says: it is far less.
func TestMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	const rows, most = 100_000, 60
	text := assets(rows)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	read, err := table.Read(text, table.CSV, "serial")
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int(after.HeapAlloc) - int(before.HeapAlloc)
	if above := (grown - len(text)) / rows; above > most {
		t.Errorf("a row takes %d bytes above its text, at most %d are promised", above, most)
	}
	if read.Size() > grown+grown/10 {
		t.Errorf("Size is %d, the heap grew by %d", read.Size(), grown)
	}
	runtime.KeepAlive(text)
}

func TestRowAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	read, err := table.Read(assets(1000), table.CSV, "serial")
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = read.Row("SN-00000500") }); n != 0 {
		t.Errorf("a look-up makes %v allocations", n)
	}
}

// BenchmarkRow looks keys up in tables of 10 to 1,000,000 rows.
func BenchmarkRow(b *testing.B) {
	for _, rows := range []int{10, 1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d rows", rows), func(b *testing.B) {
			text := assets(rows)
			read, err := table.Read(text, table.CSV, "serial")
			if err != nil {
				b.Fatal(err)
			}
			keys := make([]string, 4096)
			for i := range keys {
				keys[i] = fmt.Sprintf("SN-%08d", i*7919%rows)
			}
			b.ReportMetric(float64(read.Size()-len(text))/float64(rows), "B/row-above-text")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := read.Row(keys[i&4095]); !ok {
					b.Fatal(keys[i&4095])
				}
			}
		})
	}
}

// BenchmarkRead reads a table of 100,000 rows.
func BenchmarkRead(b *testing.B) {
	text := assets(100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := table.Read(text, table.CSV, "serial"); err != nil {
			b.Fatal(err)
		}
	}
}

// Whatever the text, reading it ends with a table whose rows are all found, or with faults.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"serial,site\nA,1\nB,2\n", `[{"serial":1,"a":[{}]},{"serial":"2"}]`, `{"a":{"b":1}}`,
		"- {serial: 1, a: &x [1]}\n- {serial: 2, b: *x}\n",
		"a: {b: 0x1}\n<<: {c: {d: 1}}\n",
	} {
		for i := range 3 {
			f.Add([]byte(text), i)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, format int) {
		read, err := table.Read(text, []table.Format{table.CSV, table.JSON, table.YAML}[uint(format)%3], "serial")
		if err != nil {
			if faults, ok := errors.AsType[table.Faults](err); !ok || len(faults) == 0 || len(faults) > 10 {
				t.Fatalf("%v", err)
			}
			return
		}
		n := 0
		for row := range read.Rows() {
			if n++; n > 100 {
				return
			}
			key, _ := message.ScalarText(row.Value("serial"))
			found, ok := read.Row(key)
			if !ok || shown(t, found) != shown(t, row) {
				t.Fatalf("the row of %q is not found", key)
			}
		}
	})
}
