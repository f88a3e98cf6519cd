package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mayfly/function/internal/config"
	"mayfly/function/internal/queue"
)

// Which messages of a source are queued.
func TestModes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mayfly.yaml")
	text := "sources:\n  - {from: tts, durable: always}\n  - {from: chirpstack, durable: never}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env   []string
		wants map[string]queue.Mode
		fault string
	}{
		"no queue": {nil, nil, "sources[0].durable"},
		"a queue": {[]string{"QUEUE=file:q"}, map[string]queue.Mode{
			"tts": "always", "chirpstack": "never", "device": "fallback", "sigfox": "fallback"}, ""},
		"another default": {[]string{"QUEUE=file:q", "DURABLE=always"}, map[string]queue.Mode{
			"tts": "always", "chirpstack": "never", "device": "always"}, ""},
		"a folder on Lambda": {[]string{"QUEUE=file:q", "AWS_LAMBDA_RUNTIME_API=localhost:1"}, nil, "QUEUE"},
		"SQS on Lambda": {[]string{"QUEUE=sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/m.fifo",
			"AWS_LAMBDA_RUNTIME_API=localhost:1"}, map[string]queue.Mode{"tts": "always"}, ""},
	} {
		c, err := config.Load(append([]string{
			"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=none", "CONFIG=" + file,
		}, tt.env...))
		if tt.fault != "" {
			faults, _ := errors.AsType[config.FaultsError](err)
			if len(faults) != 1 || faults[0].Variable != tt.fault {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for source, want := range tt.wants {
			if got := c.Mode(source); got != want {
				t.Errorf("%s: %s is %s, want %s", name, source, got, want)
			}
		}
	}
}
