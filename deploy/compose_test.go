package deploy_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

type service struct {
	Build struct {
		Context, Dockerfile string
	}
	Command     []string
	Environment map[string]string
	Ports       []string
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
}

func compose(t *testing.T) map[string]service {
	t.Helper()
	var file struct{ Services map[string]service }
	if err := yaml.Unmarshal(read(t, "deploy/compose/compose.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	return file.Services
}

func TestComposeStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for name, s := range compose(t) {
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is open to the network: %s", name, port)
			}
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may write, or has capabilities", name)
		}
		if _, err := os.Stat(filepath.Join("compose", s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Error(err)
		}
		for variable := range s.Environment {
			known(t, name, variable)
		}
	}
}

// start runs a program until the test ends, and gives what a line of its output matches.
func start(t *testing.T, cmd *exec.Cmd, line string) []string {
	t.Helper()
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	pattern := regexp.MustCompile(line)
	scanner := bufio.NewScanner(output)
	for scanner.Scan() {
		if match := pattern.FindStringSubmatch(scanner.Text()); match != nil {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return match
		}
	}
	t.Fatalf("%s ended, and printed no line like %s", cmd.Path, line)
	return nil
}

// TestComposeDelivers starts what the two containers would start, as they would, and
// sends what the head of the file says.
func TestComposeDelivers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	bin := t.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, "../cmd/bootstrap", "../cmd/mayfly")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	services := compose(t)
	inside := strings.NewReplacer("/ca/", bin+"/")

	entry := regexp.MustCompile(`ENTRYPOINT \["/mayfly", "emulator", "--listen=:7443", "--console=:7080"\]`)
	if !entry.Match(read(t, "deploy/docker/emulator.Dockerfile")) {
		t.Fatal("the emulator's image starts something else than this test")
	}
	args := []string{"emulator", "--listen=127.0.0.1:0", "--console=127.0.0.1:0", "--retry-after=0s"}
	for _, argument := range services["emulator"].Command {
		args = append(args, inside.Replace(argument))
	}
	console := start(t, exec.CommandContext(ctx, filepath.Join(bin, "mayfly"), args...), `console +http://(\S+)`)[1]

	bridge := exec.CommandContext(ctx, filepath.Join(bin, "bootstrap"))
	bridge.Dir = bin // an empty folder but for the programs: no mayfly.yaml
	bridge.Env = []string{"PORT=0", "HOST=127.0.0.1"}
	for name, value := range services["mayfly"].Environment {
		bridge.Env = append(bridge.Env, name+"="+strings.Replace(inside.Replace(value), "emulator:7080", console, 1))
	}
	address := start(t, bridge, `msg=listening .*address=(\S+)`)[1]

	curl := regexp.MustCompile(`curl -i http://127\.0\.0\.1:8080(\S+) -H '([^:]+): ([^']+)' -d '([^']+)'`).
		FindStringSubmatch(string(read(t, "deploy/compose/compose.yaml")))
	if curl == nil {
		t.Fatal("compose.yaml names no curl")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+curl[1], strings.NewReader(curl[4]))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(curl[2], curl[3])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != `{"delivered":1}` {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
}
