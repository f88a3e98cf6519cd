package mapping_test

import (
	"strings"
	"testing"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// An expression that has to give bytes fails where its result is a text of the body,
// whichever way the text takes; bytes pass, and so does what is neither.
func TestCompileBytes(t *testing.T) {
	t.Parallel()
	part := map[string]any{
		"hex": "0a0b", "b64": "CgsM", "list": []any{10, 11}, "none": nil, "empty": "", "n": 5,
		"deep": map[string]any{"hex": "0c"}, "many": []any{"0a", "0b"},
	}
	vars := map[string]mapping.Origin{"$text": mapping.Text, "$bytes": mapping.Bytes, "$mixed": mapping.Unknown}
	for _, tt := range []struct {
		text, want string // want is what it gives; empty for the fault
	}{
		{".hex", ""}, {".deep.hex", ""}, {".many[0]", ""}, {".hex // .b64", ""}, {".missing // .b64", ""},
		{`.hex | ltrimstr("0x")`, ""}, {"$text", ""}, {`"\(.hex)"`, ""}, {".hex[2:]", ""}, {".hex + .b64", ""},
		{"first(.hex)", ""}, {"select(.n == 5) | .hex", ""}, {".hex as $h | $h", ""}, {"def f: .hex; f", ""},
		{`if .n == 5 then .hex else .b64 | unb64 end`, ""}, {`if .n == 4 then .hex | unhex else .hex end`, ""},
		{`.hex | if . == "x" then "" end`, ""}, {"try .hex catch .", ""}, {"(.hex)", ""},
		{`reduce .many[] as $m (""; . + $m)`, ""}, {`.many | join("")`, ""}, {"{a: .hex} | .a", ""},
		{".many | .[0]", ""}, {".hex | ascii_downcase", ""}, {`[.hex] | .[]`, ""}, {".hex | tojson", ""},
		{".hex | unhex", "\n\v"}, {".b64 | unb64", "\n\v\f"}, {".hex | utf8bytes", "0a0b"}, {".list", "\n\v"},
		{".hex | unhex | bytes", "\n\v"}, {"$bytes", "b"}, {"$mixed", "m"}, {".hex | unhex | .[1:]", "\v"},
		{`.none // "" | unb64`, "-"}, {".none", "-"}, {".empty", "-"}, {`""`, "-"}, {"empty", "-"},
		{`if .n == 5 then .hex | unhex else "" end`, "\n\v"}, {"(.hex | unhex) + (.hex | unhex)", "\n\v\n\v"},
		{"def f: .hex | unhex; f", "\n\v"}, {"def f(g): g; f(.hex | unhex)", "\n\v"},
		{".hex as $h | $h | unhex", "\n\v"}, {"first(.many[] | unhex)", "\n"}, {".b64 | @base64d", "\n\v\f"},
		{"{a: (.hex | unhex)} | .a", "\n\v"}, {".hex | unhex | select(length > 0)", "\n\v"},
		{`reduce .many[] as $m (""; . + ($m | unhex))`, "\n\v"}, {"[.many[] | unhex] | join(\"\")", "\n\v"},
	} {
		l := mapping.NewLanguage(message.Zone{})
		e, fault := l.CompileBytes("payload", mapping.Expr{Text: tt.text}, []string{"$text", "$bytes", "$mixed"},
			mapping.Origins{Vars: vars})
		if fault != nil {
			t.Errorf("%s: %v", tt.text, fault)
			continue
		}
		run := mapping.NewRun(t.Context(), map[string]any{})
		for _, v := range []any{"t", "b", "m"} {
			run.Bind(v)
		}
		value, err := run.One(e, part)
		got := ""
		if err == nil {
			got, err = mapping.BytesOf(value)
		}
		switch {
		case tt.want == "" && (err == nil || !strings.Contains(err.Error(), "unhex or unb64")):
			t.Errorf("%s gave %q, %v: want the fault of a text", tt.text, got, err)
		case tt.want != "" && (err != nil || got != strings.TrimPrefix(tt.want, "-")):
			t.Errorf("%s gave %q, %v, want %q", tt.text, got, err, tt.want)
		}
		run.Done()
	}
}

// The parts that each gives may have bytes in them.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]mapping.Origin{
		"": mapping.Text, ".rows[]": mapping.Text, ".rows[] | {p: (.x | unhex)}": mapping.Unknown,
		".x | unhex": mapping.Bytes, "{a: .b}": mapping.Text, ".[": mapping.Unknown,
	} {
		if got := (mapping.Origins{}).Of(mapping.Expr{Text: text}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Numbers are not read from the characters of a text: a value that looks right would be
// wrong.
func TestReadersWantBytes(t *testing.T) {
	t.Parallel()
	part := map[string]any{"hex": "0102", "list": []any{1, 2}, "n": 5, "many": []any{"0a", "0b"}}
	for _, tt := range []struct {
		text, want string // want is what it gives; empty for the fault
	}{
		{".hex | u16be(0)", ""}, {"(.hex | u16be(0)) / 10", ""}, {"{t: (.hex | i16le(0))}", ""}, {"$text | f32be(0)", ""},
		{"[.many[] | u8(0)]", ""}, {".many | map(u8(0))", ""}, {".hex | bits(0; 4)", ""}, {"-(.hex | u8(0))", ""},
		{"if (.hex | u8(0)) > 3 then 1 else 2 end", ""}, {".hex as $h | $h | u8(0)", ""},
		{".hex | unhex | u16be(0)", "258"}, {"($bytes | u8(0)) + 0", "98"}, {"$mixed | u8(0)", "109"},
		{".list | u16be(0)", "258"}, {".n | bits(0; 1)", "1"}, {".hex | utf8bytes | u8(0)", "48"},
		{"[.many[] | unhex | u8(0)] | add", "21"}, {".missing | u8(0)", "null"}, {".list | implode | u8(0)", "1"},
		{"def first_of: u8(0); .hex | unhex | first_of", "1"}, {"def on(f): unhex | f; .hex | on(u16be(0))", "258"},
		{".hex as $h | $h | unhex as $b | $b | u8(1)", "2"}, {"def u8(i): 7; .hex | u8(0)", "7"},
	} {
		e, fault := mapping.NewLanguage(message.Zone{}).CompileTraced("measurements", mapping.Expr{Text: tt.text},
			[]string{"$text", "$bytes", "$mixed"}, mapping.Origins{Vars: map[string]mapping.Origin{
				"$text": mapping.Text, "$bytes": mapping.Bytes, "$mixed": mapping.Unknown}})
		if fault != nil {
			t.Errorf("%s: %v", tt.text, fault)
			continue
		}
		run := mapping.NewRun(t.Context(), map[string]any{})
		for _, v := range []any{"t", "b", "m"} {
			run.Bind(v)
		}
		value, err := run.One(e, part)
		if text, _ := message.Marshal(value); err == nil && string(text) != tt.want {
			t.Errorf("%s gave %s, want %q", tt.text, text, tt.want)
		}
		if (err != nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), "reads bytes, not text") {
			t.Errorf("%s: %v, want %q", tt.text, err, tt.want)
		}
		run.Done()
	}
}
