package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// variables are the names of Mayfly's own, from the table in docs.
func variables(t *testing.T) []string {
	t.Helper()
	var names []string
	row := regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]+)` \\|")
	for _, match := range row.FindAllStringSubmatch(string(read(t, "docs/configuration.md")), -1) {
		names = append(names, match[1])
	}
	if !slices.Contains(names, "GROUP_KEY") {
		t.Fatal("docs/configuration.md has no table of variables")
	}
	return names
}

// known fails for a variable that neither Mayfly nor Go's runtime and libraries read.
func known(t *testing.T, where, name string) {
	t.Helper()
	others := []string{"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "GOMEMLIMIT"}
	if !slices.Contains(append(others, variables(t)...), name) {
		t.Errorf("%s sets %s, which nothing reads", where, name)
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	settings := map[string][]string{}
	for line := range strings.Lines(string(read(t, "deploy/systemd/mayfly.service"))) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			settings[name] = append(settings[name], value)
		}
	}
	for name, want := range map[string]string{
		"ExecStart":       "/usr/bin/mayfly-bootstrap",
		"Restart":         "on-failure",
		"TimeoutStopSec":  "35", // 30 s for requests in flight
		"DynamicUser":     "yes",
		"ProtectSystem":   "strict",
		"NoNewPrivileges": "yes",
		"LoadCredential":  "group-key:/etc/mayfly/group-key",
		"Environment":     "GROUP_KEY=file:%d/group-key",
	} {
		if got := settings[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s = %q, want %s", name, got, want)
		}
	}
	if got := settings["CapabilityBoundingSet"]; !slices.Equal(got, []string{""}) {
		t.Errorf("CapabilityBoundingSet = %q, want none", got)
	}
	for line := range strings.Lines(string(read(t, "deploy/systemd/mayfly.env"))) {
		name, _, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		known(t, "mayfly.env", name)
		if strings.HasPrefix(name, "GROUP_KEY") {
			t.Error("mayfly.env has the key, which everybody on the machine may read")
		}
	}
}

func TestContainerApp(t *testing.T) {
	t.Parallel()
	var app map[string]any
	if err := yaml.Unmarshal(read(t, "deploy/container-apps/containerapp.yaml"), &app); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(app)
	if err != nil {
		t.Fatal(err)
	}
	var parts struct {
		Properties struct {
			Configuration struct {
				Ingress struct{ TargetPort int }
				Secrets []struct{ Name, Value, KeyVaultURL string }
			}
			Template struct {
				TerminationGracePeriodSeconds int
				Containers                    []struct {
					Env    []struct{ Name, Value, SecretRef string }
					Probes []struct {
						Type    string
						HTTPGet struct {
							Path string
							Port int
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	p := parts.Properties
	var secrets []string
	for _, s := range p.Configuration.Secrets {
		secrets = append(secrets, s.Name)
		if s.Value != "" || s.KeyVaultURL == "" {
			t.Errorf("secret %s is no reference to a vault", s.Name)
		}
	}
	for _, e := range p.Template.Containers[0].Env {
		known(t, "containerapp.yaml", e.Name)
		if (e.Name == "GROUP_KEY") != (e.SecretRef != "") || e.SecretRef != "" && !slices.Contains(secrets, e.SecretRef) {
			t.Errorf("%s: the key comes out of a secret, and nothing else does", e.Name)
		}
	}
	for _, probe := range p.Template.Containers[0].Probes {
		want := map[string]string{"Liveness": "/healthz", "Readiness": "/readyz"}[probe.Type]
		if probe.HTTPGet.Path != want || probe.HTTPGet.Port != p.Configuration.Ingress.TargetPort {
			t.Errorf("%s asks %s at %d", probe.Type, probe.HTTPGet.Path, probe.HTTPGet.Port)
		}
	}
	if p.Template.TerminationGracePeriodSeconds < 35 {
		t.Error("requests in flight are cut off")
	}

	// "make azure" holds it to the types of Azure's client library.
	folder := os.Getenv("RESOLVED")
	if folder == "" {
		return
	}
	app["type"], app["name"] = "Microsoft.App/containerApps", "mayfly"
	if text, err = json.Marshal([]any{app}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "container-app.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
