package logline_test

import (
	"testing"

	"mayfly/cmd/mayfly/internal/logline"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, field, want string }{
		"JSON": {`{"time":"2026-03-14T10:00:00Z","level":"WARN","msg":"request","code":"hub-quota",` +
			`"ms":1.50}`, "ms", "1.50"},
		"a prefix": {`pod/mayfly-1 2026-03-14T10:00:00Z {"msg":"request","code":"hub-quota"}`, "code", "hub-quota"},
		"Docker": {`{"log":"{\"msg\":\"request\",\"code\":\"hub-quota\"}\n","stream":"stderr"}`, "code",
			"hub-quota"},
		"Google Cloud": {`{"jsonPayload":{"message":"request","code":"hub-quota"},"insertId":"x"}`, "code",
			"hub-quota"},
		"key=value": {`time=2026-03-14T10:00:00Z level=WARN msg=request code=hub-quota detail="a \"b\" c"`,
			"detail", `a "b" c`},
		"a list": {`{"msg":"request","deviceIds":["a","b"]}`, "deviceIds", "a, b"},
	} {
		line, ok := logline.Parse(tt.text)
		if got := line.Text(tt.field); !ok || got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	for _, text := range []string{"", "hello", "{", "a=b", "{}", "[1]"} {
		if line, ok := logline.Parse(text); ok {
			t.Errorf("%q is %v", text, line)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`x {"a":{"b":[1,"c"]}} a=b c="d"`)
	f.Fuzz(func(_ *testing.T, text string) {
		line, _ := logline.Parse(text)
		for _, name := range line.Names() {
			line.Text(name)
			line.Objects(name)
		}
		line.Time()
		line.JSON()
	})
}
