package explain_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/explain"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/function"
)

func run(t *testing.T, stdin string, what ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := (&explain.Command{What: what}).Run(&tool.World{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out})
	return out.String(), err
}

// TestEveryCode: each code is told with what it means, what to look at and what to do.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	for _, row := range function.Rows() {
		out, err := run(t, "", string(row.Code))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{row.Advice, "It means:", "Look at:", "Do:", "docs/runbook.md#" +
			string(row.Code)} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", row.Code, want, out)
			}
		}
		if strings.Contains(out, "<!--") || strings.Contains(out, "\n### ") {
			t.Errorf("%s: more than a section in\n%s", row.Code, out)
		}
	}
}

const record = `{"time":"2026-03-14T10:00:00Z","level":"ERROR","msg":"request","requestId":"r-1",` +
	`"http.request.method":"POST",` +
	`"url.path":"/api/tts","http.response.status_code":503,"source":"tts","code":"hub-quota",` +
	`"detail":"the quota is used up",` +
	`"device":"pump-1","upstream":"hub","upstreamStatus":403,"upstreamError":"403002",` +
	`"upstreamMessage":"IotHubQuotaExceeded",` +
	`"trackingId":"abc-1"}`

func TestExplain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "problem.json")
	problem := `{
 "type": "urn:mayfly:error:invalid-message", "title": "x", "status": 422, "code": "invalid-message", "retryable": false,
 "errors": [{"path": "measurements", "rule": "object", "hint": "must be an object"}],
 "results": [{"deviceId": "a", "status": 422, "code": "invalid-message", "detail": "so"}]
}`
	if err := os.WriteFile(file, []byte(problem), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		stdin string
		what  []string
		want  string // with | between
	}{
		"a record": {"", []string{record}, "hub-quota|POST /api/tts r-1|pump-1|hub answered 403 403002 " +
			"IotHubQuotaExceeded|abc-1"},
		"a problem": {problem, []string{"-"}, "invalid-message|measurements must be an object|a " +
			"invalid-message: so"},
		"a file":          {"", []string{file}, "invalid-message|must be an object"},
		"words of a line": {"", strings.Fields(`level=WARN msg=request code=slow-down caller=x`), "slow-down|caller|x"},
		"a log": {record + "\n" + record + "\nnothing\n" + `{"msg":"request","code":"no-source"}` + "\n", []string{"-"},
			"2 lines such as this one|hub-quota|no-source"},
		"a good log": {`{"msg":"request","source":"tts","delivered":3,"http.response.status_code":200}` + "\nx\n",
			[]string{"-"}, "nothing was refused"},
		"a good line": {"", []string{`{"msg":"request","delivered":3,"http.response.status_code":200}`},
			"Nothing is wrong: delivered 3, answered 200"},
		"ignored": {"", []string{`{"msg":"request","source":"tts","ignored":1,"reason":"join"}`},
			"tts has ignored what is not telemetry: join"},
		"upstream of a problem": {"", []string{`{"code":"device-refused","upstream":{"service":"dps","status":200,` +
			`"errorCode":400209,"trackingId":"t-1"}}`}, "dps answered 200 400209|t-1"},
		"cursor": {"", []string{`{"code":"no-source","detail":"\u001b[2J"}`}, "no-source| [2J"},
	} {
		out, err := run(t, tt.stdin, tt.what...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for want := range strings.SplitSeq(tt.want, "|") {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: a foreign text moves the cursor", name)
		}
	}
	for what, want := range map[string]string{"hub-quotta": "mayfly explain hub-quota",
		`{"code":"new-code"}`: "not one of this version"} {
		if _, err := run(t, "", what); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
}
