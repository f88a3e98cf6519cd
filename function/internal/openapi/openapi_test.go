package openapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/config"
	"mayfly/function/internal/openapi"
)

const groupKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// load reads a configuration of a file and further variables.
func load(t testing.TB, file string, vars ...string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(append([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + groupKey, "CONFIG=" + path}, vars...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func build(t testing.TB, c *config.Config, audience openapi.Audience) string {
	t.Helper()
	text, err := openapi.Build(c, audience)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func BenchmarkBuild(b *testing.B) {
	c := load(b, "{}", "AUTH=none")
	for b.Loop() {
		build(b, c, openapi.Callers)
	}
}

// guarded is a configuration with all that must not be told.
const guarded = `
callers:
  - name: hidden-caller
    keys: ["sha256:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"]
    devices: ["hidden-device-*"]
fleets:
  - {name: hidden-fleet, idScope: 0neHIDDEN, groupKey: aGlkZGVuaGlkZGVu}
sources:
  - name: plant
    title: The presses of the plant
    deviceId: .id
    measurements: .values
    allowFrom: [192.0.2.0/24]
    signature: {header: X-Sign, secrets: [hidden-secret], devices: ["hidden-*"]}
    samples:
      - name: one
        request: {body: '{"id":"p-1","values":{"n":9007199254740993}}'}
        messages: [{deviceId: p-1, body: '{"n":9007199254740993}'}]
  - {name: tts, from: tts, title: Ours, methods: [POST, PUT]}
`

// The document has the sources of the file for callers alone, and never a secret or a name.
func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	c := load(t, guarded, "AUTH=keys", "DEVICE_RATE=10/s", "BODY_LIMIT=4096")
	callers, public := build(t, c, openapi.Callers), build(t, c, openapi.Public)
	for _, hidden := range []string{"hidden", "5feceb66", "0ne", "192.0.2", groupKey} {
		if strings.Contains(strings.ToLower(callers), strings.ToLower(hidden)) {
			t.Errorf("callers read %q", hidden)
		}
	}
	for _, told := range []string{
		`"/api/plant"`, "The presses of the plant", `"n":9007199254740993`, `"signature-plant"`, `"name":"X-Sign"`,
		`"bodyBytes":4096`, `"deviceMessagesPerSecond":10`, `"summary":"Ours"`, `"slow-down"`,
	} {
		if !strings.Contains(callers, told) {
			t.Errorf("callers do not read %s", told)
		}
	}
	for _, own := range []string{"plant", "presses", "Ours", "X-Sign"} {
		if strings.Contains(public, own) {
			t.Errorf("the public reads %q", own)
		}
	}
	for _, told := range []string{`"/api/tts":{"post"`, `"/api/telemetry"`, `"put":{"operationId":"put-tts"`} {
		if !strings.Contains(public, told) {
			t.Errorf("the public does not read %s", told)
		}
	}
}

// What is switched off, or belongs to another host, is not in the document.
func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		vars      []string
		has, lack []string
	}{
		{"a server, nobody checks", []string{"AUTH=none"},
			[]string{`"/metrics"`, `"/docs"`, `"security":[]`},
			[]string{`"securitySchemes"`, `"unauthenticated":`, "* `slow-down`", "* `template-mismatch`"}},
		{"Functions", []string{"FUNCTIONS_CUSTOMHANDLER_PORT=7071"},
			[]string{`"x-functions-key"`, `"seconds":30`}, []string{`"/metrics"`, `"x-api-key"`}},
		{"Lambda", []string{"AUTH=keys", "API_KEYS=a=sha256:" + strings.Repeat("ab", 32), "AWS_LAMBDA_RUNTIME_API=x"},
			[]string{`"x-api-key"`, `"bearer"`, `"query-influx"`}, []string{`"/metrics"`, `"seconds":30`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := build(t, load(t, "{}", tt.vars...), openapi.Callers)
			for _, part := range tt.has {
				if !strings.Contains(text, part) {
					t.Errorf("%s is missing", part)
				}
			}
			for _, part := range tt.lack {
				if strings.Contains(text, part) {
					t.Errorf("%s is there", part)
				}
			}
		})
	}
}

// Two documents of one configuration are the same, so that their tags are, too.
func TestDocumentsAreStable(t *testing.T) {
	t.Parallel()
	c := load(t, "{}", "AUTH=none")
	first := build(t, c, openapi.Callers)
	if second := build(t, c, openapi.Callers); second != first {
		t.Error("two documents differ")
	}
}
