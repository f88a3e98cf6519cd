package trial_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/transform/message"
)

// TestCodec: a trial tells what a codec got, gave and wrote to its console, also where it fails.
func TestCodec(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "mayfly.yaml")
	for name, text := range map[string]string{
		"mayfly.yaml": "sources:\n  - {name: mine, deviceId: .id, payload: .p | unhex, port: .f, codec: tank.js}\n",
		"tank.js": `function decodeUplink(input) {
	console.log("level", {raw: input.bytes[0]});
	if (input.fPort === 9) throw new Error("no such port");
	return {data: {level: input.bytes[0]}};
}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	transformer, options, err := trial.Load(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	stage := trial.NewStage(transformer, options)
	for name, tc := range map[string]struct{ body, want string }{
		"decoded": {`{"id":"a","p":"2a","f":2}`,
			`payload  "2a"|codec  {"level":42}|console  "level {\"raw\":42}"|{"level":42}`},
		"failed": {`{"id":"a","p":"2a","f":9}`, `no such port|console  "level {\"raw\":42}"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := stage.Explain(t.Context(), "mine", &message.Request{
				Method: "POST", Path: "/api/mine", Body: []byte(tc.body),
				Header: map[string][]string{"Content-Type": {"application/json"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			got.Print(&out, false)
			for want := range strings.SplitSeq(tc.want, "|") {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in\n%s", want, out.String())
				}
			}
		})
	}
}
