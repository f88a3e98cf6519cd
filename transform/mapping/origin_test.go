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
