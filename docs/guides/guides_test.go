package guides_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// mayfly builds the tool once for all guides.
var mayfly = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "mayfly-guides-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "mayfly")
	out, err := exec.Command("go", "build", "-o", program, "../../cmd/mayfly").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if program, err := mayfly(); err == nil {
		_ = os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// dev is a running "mayfly dev".
type dev struct {
	address string
	console string // of the emulator
	cancel  context.CancelFunc
	done    <-chan struct{}

	mu      sync.Mutex
	printed []string
}

func startDev(t *testing.T, program, folder string) *dev {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program,
		"dev", "--port=0", "--emulator-port=0", "--console-port=0", "--retry-after=1ms")
	cmd.Dir = folder
	cmd.Env = []string{"HOME=" + folder}
	var faults bytes.Buffer
	cmd.Stderr = &faults
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done, up := make(chan struct{}), make(chan string, 1)
	d := &dev{cancel: cancel, done: done}
	go func() {
		defer close(done)
		bridge, scanner := "", bufio.NewScanner(output)
		for scanner.Scan() {
			line := scanner.Text()
			if _, address, ok := strings.Cut(line, "bridge    http://"); ok {
				bridge = address
			}
			if _, address, ok := strings.Cut(line, "console   http://"); ok {
				d.console, _, _ = strings.Cut(address, " ")
				up <- bridge
			}
			d.mu.Lock()
			d.printed = append(d.printed, line)
			d.mu.Unlock()
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(d.stop)
	select {
	case d.address = <-up:
	case <-done:
		t.Fatalf("mayfly dev ended: %s", faults.String())
	}
	return d
}

func (d *dev) stop() {
	d.cancel()
	<-d.done
}

// saw tells whether a line has the device and the body.
func (d *dev) saw(ctx context.Context, device, body string) bool {
	for {
		d.mu.Lock()
		for _, line := range d.printed {
			fields := strings.Fields(line)
			if len(fields) > 2 && fields[1] == device && strings.Contains(line, "  "+body) {
				d.mu.Unlock()
				return true
			}
		}
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return false
		case <-time.After(10 * time.Millisecond): // the line follows the answer
		}
	}
}

// curl sends what a curl of a guide sends, and gives what it prints.
func curl(t *testing.T, d *dev, arguments []string) string {
	t.Helper()
	method, url, body, format, quiet := http.MethodGet, "", "", "", false
	header := http.Header{}
	for i := 0; i < len(arguments); i++ {
		value := func() string {
			if i++; i == len(arguments) {
				t.Fatalf("curl: %s has no value", arguments[i-1])
			}
			return arguments[i]
		}
		switch a := arguments[i]; {
		case a == "-d":
			method, body = http.MethodPost, value()
			if header.Get("Content-Type") == "" {
				header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
		case a == "-H":
			name, content, _ := strings.Cut(value(), ": ")
			header.Set(name, content)
		case a == "-w":
			format = value()
		case a == "-o":
			quiet = value() == "/dev/null"
		case strings.HasPrefix(a, "-") || url != "":
			t.Fatalf("curl: the test does not know %s", a)
		default:
			url = a
		}
	}
	bridge, toBridge := strings.CutPrefix(url, "http://127.0.0.1:7071/")
	console, toConsole := strings.CutPrefix(url, "http://127.0.0.1:7080/")
	switch {
	case toBridge:
		url = "http://" + d.address + "/" + bridge
	case toConsole:
		url = "http://" + d.console + "/" + console
	default:
		t.Fatalf("curl: %s is not mayfly dev", url)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	format = strings.NewReplacer("%{http_code}", fmt.Sprint(res.StatusCode), `\n`, "\n").Replace(format)
	if quiet {
		return format
	}
	return string(answer) + format
}

func TestGuides(t *testing.T) {
	t.Parallel()
	program, err := mayfly()
	if err != nil {
		t.Fatal(err)
	}
	guides, err := filepath.Glob("*.md")
	if err != nil || len(guides) < 10 {
		t.Fatal("where are the guides? ", guides, err)
	}
	for _, guide := range guides {
		t.Run(guide, func(t *testing.T) {
			t.Parallel()
			follow(t, program, guide)
		})
	}
}

func follow(t *testing.T, program, guide string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	folder := t.TempDir()
	var d *dev
	answer, sent := "", false
	for _, b := range blocks(t, guide) {
		switch b.language {
		case "yaml":
			if !strings.HasPrefix(b.text, "# mayfly.yaml\n") {
				t.Errorf("a block of YAML has no name:\n%s", b.text)
			}
			if err := os.WriteFile(filepath.Join(folder, "mayfly.yaml"), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, program, folder, []string{"check"})
			if d != nil {
				d.stop()
				d = nil
			}
		case "js", "csv": // the first line, a comment, names the file
			name := strings.TrimLeft(strings.SplitN(b.text, "\n", 2)[0], "/# ")
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		case "json":
			if !strings.Contains(b.text, `:{`) && !json.Valid([]byte(b.text)) { // of Sigfox, {time} is a variable
				t.Errorf("not JSON:\n%s", b.text)
			}
		case "sh":
			command := words(t, b.text)
			if command[0] == "mayfly" {
				run(t, program, folder, command[1:])
				continue
			}
			if command[0] != "curl" {
				t.Errorf("the test cannot run %s", command[0])
				continue
			}
			if d == nil {
				d = startDev(t, program, folder)
			}
			answer, sent = curl(t, d, command[1:]), true
		case "text":
			if !sent {
				t.Errorf("nothing was sent that answers\n%s", b.text)
				continue
			}
			compare(ctx, t, d, answer, b.text)
			sent = false
		case "python", "cpp":
			if d != nil {
				post(t, d, b.text)
			}
		default:
			t.Errorf("a block of %q is not checked", b.language)
		}
	}
	if sent {
		t.Error("a request says nothing about what one sees")
	}
}

// compare holds the first line to the answer, and the others to what mayfly dev prints.
func compare(ctx context.Context, t *testing.T, d *dev, answer, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(want), "\n")
	if got := strings.TrimSpace(answer); got != lines[0] {
		t.Errorf("the answer is %s, the guide says %s", got, lines[0])
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, line := range lines[1:] {
		device, body, _ := strings.Cut(line, "  ")
		if !d.saw(ctx, device, body) {
			d.mu.Lock()
			t.Errorf("mayfly dev did not print %s but\n%s", line, strings.Join(d.printed, "\n"))
			d.mu.Unlock()
		}
	}
}

func run(t *testing.T, program, folder string, arguments []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Dir, cmd.Env = folder, []string{"HOME=" + folder}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("mayfly %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// post sends what a program for a board sends, for 21.5 wherever it writes a number.
func post(t *testing.T, d *dev, program string) {
	t.Helper()
	url := regexp.MustCompile(`https://YOUR-MAYFLY(/[^'"]+)`).FindStringSubmatch(program)
	body := regexp.MustCompile(`(?:'|")(\{.*?\})(?:'|")[ ,]`).FindStringSubmatch(program)
	if url == nil || body == nil || !strings.Contains(program, "application/json") ||
		!strings.Contains(program, "x-api-key") {
		t.Fatalf("the program posts no JSON, or without a key:\n%s", program)
	}
	json := strings.NewReplacer(`\"`, `"`, "%.1f", "21.5").Replace(body[1])
	got := curl(t, d,
		[]string{"http://127.0.0.1:7071" + url[1], "-H", "Content-Type: application/json", "-d", json})
	if !strings.HasPrefix(got, `{"delivered":1`) {
		t.Errorf("%s is answered %s", json, got)
	}
}
