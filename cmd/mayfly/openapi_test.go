package main

import (
	"encoding/json"
	"testing"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	env := []string{"ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none", "BODY_LIMIT=2048"}
	code, out, errs := command(t, env, "openapi")
	var contract struct {
		OpenAPI string                  `json:"openapi"`
		Paths   map[string]any          `json:"paths"`
		Limits  struct{ BodyBytes int } `json:"x-limits"`
	}
	if err := json.Unmarshal([]byte(out), &contract); err != nil || code != exitOK {
		t.Fatal(code, err, errs)
	}
	if contract.OpenAPI != "3.1.1" || contract.Paths["/api/tts"] == nil || contract.Limits.BodyBytes != 2048 {
		t.Errorf("%s, %d paths, %+v", contract.OpenAPI, len(contract.Paths), contract.Limits)
	}
	if code, _, errs := command(t, []string{"AUTH=maybe"}, "openapi"); code != exitFailed || errs == "" {
		t.Errorf("a wrong configuration: %d %s", code, errs)
	}
}
