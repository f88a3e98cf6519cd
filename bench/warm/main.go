package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/bench/process"
	"mayfly/emulator"
)

const (
	devices        = 100
	warmUpMessages = 1000
	maxInFlight    = 8
)

// options are the flags.
type options struct {
	messages, rounds, batch int
	path, body              string
	auth, template, metrics bool
}

func main() {
	var o options
	flag.IntVar(&o.messages, "n", 20_000, "messages per round")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each program, alternating")
	flag.StringVar(&o.path, "path", "", "compare with this path of bootstrap instead, such as /api/tts")
	flag.StringVar(&o.body, "body", "", "file with the body for -path")
	flag.IntVar(&o.batch, "batch", 0, "compare single messages with requests of so many messages of one device instead")
	flag.BoolVar(&o.auth, "auth", false, "compare AUTH=none with AUTH=keys (callers, device patterns, rates) instead")
	flag.BoolVar(&o.template, "template", false, "compare no device templates with template: require instead")
	flag.BoolVar(&o.metrics, "metrics", false, "compare METRICS=off with metrics on instead")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

// contender is one of the two programs that are compared.
type contender struct {
	name, exe, path string
	body            func(i int) string
	perRequest      int // messages
	env             []string
	key             string

	cpu []time.Duration // per message, of each round
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "mayfly-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	base, subject, err := o.contenders(dir)
	if err != nil {
		return err
	}
	for _, program := range []string{"./cmd/bootstrap", "./bench/yardstick"} {
		if err := process.Build(filepath.Join(dir, filepath.Base(program)), program); err != nil {
			return err
		}
	}
	azure, err := emulator.New(emulator.Config{EventLimit: 100, CallLimit: 100, OperationsPerMinute: -1})
	if err != nil {
		return err
	}
	defer func() { _ = azure.Close() }()
	for i := range devices {
		azure.Provision(fmt.Sprintf("device-%d", i), emulator.DefaultHub)
	}
	env, err := process.Environment(azure, dir)
	if err != nil {
		return err
	}
	env = append(env, "AUTH=none", "HOST=127.0.0.1", "PORT=0", "DEDUP_WINDOW=0")
	for range o.rounds {
		for _, c := range []*contender{base, subject} {
			if err := c.round(env, o.messages); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	fmt.Printf("CPU per message, median of %d rounds of %d messages\n", o.rounds, o.messages)
	a, b := us(base.cpu), us(subject.cpu)
	fmt.Printf("%-12s %8.1f us\n%-12s %8.1f us\nratio        %8.2f\n", base.name, a, subject.name, b, b/a)
	return nil
}

// contenders returns what is measured and what it is compared with. Programs are in dir.
func (o *options) contenders(dir string) (base, subject *contender, err error) {
	native := func(i int) string {
		return fmt.Sprintf(`{"device":{"deviceId":"device-%d"},"measurements":`+
			`{"temp":20.31,"pressure":50,"humidity":8.5,"ledColor":"blue"}}`, i%devices)
	}
	bootstrap, yardstick := filepath.Join(dir, "bootstrap"), filepath.Join(dir, "yardstick")
	base = &contender{name: "yardstick", exe: yardstick, path: "/api/telemetry", body: native, perRequest: 1}
	subject = &contender{name: "bootstrap", exe: bootstrap, path: "/api/telemetry", body: native, perRequest: 1}
	switch {
	case o.batch > 0:
		base.name, base.exe, subject.name, subject.perRequest = "single", bootstrap, "batched", o.batch
		subject.body = func(i int) string {
			return "[" + strings.TrimSuffix(strings.Repeat(native(i)+",", o.batch), ",") + "]"
		}
	case o.path != "":
		text, err := os.ReadFile(o.body)
		if err != nil {
			return nil, nil, err
		}
		base.name, base.exe, subject.name, subject.path = "bootstrap", bootstrap, o.path, o.path
		subject.body = func(int) string { return string(text) }
	case o.template:
		base.name, base.exe, subject.name = "none", bootstrap, "require"
		base.body, subject.body = tenMembers, tenMembers
		err = subject.requireTemplate(dir)
	case o.metrics:
		base.name, base.exe, subject.name = "off", bootstrap, "on"
		base.env = []string{"METRICS=off"}
	case o.auth:
		base.name, base.exe, subject.name = "none", bootstrap, "keys"
		err = subject.requireKey(dir)
	}
	return base, subject, err
}

// requireKey configures callers: ten, of which one sends, each with patterns and a rate, and a rate for every device.
func (c *contender) requireKey(dir string) error {
	c.key = "mayfly_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	sum := sha256.Sum256([]byte(c.key))
	var file strings.Builder
	file.WriteString("callers:\n")
	for i := range 10 {
		hash := hex.EncodeToString(sum[:])
		if i != 7 {
			hash = strings.Repeat(fmt.Sprint(i), 64)
		}
		fmt.Fprintf(&file, "  - {name: caller-%d, keys: [\"sha256:%s\"], ", i, hash)
		file.WriteString("devices: [\"other-*\", \"*-x\", \"device-*\"], sources: [tts, telemetry], rate: 1000000/s}\n")
	}
	path := filepath.Join(dir, "mayfly.yaml")
	c.env = []string{"AUTH=keys", "CONFIG=" + path, "DEVICE_RATE=1000000/s"}
	return os.WriteFile(path, []byte(file.String()), 0o600)
}

func us(cpu []time.Duration) float64 {
	slices.Sort(cpu)
	return float64(cpu[len(cpu)/2].Nanoseconds()) / 1000
}

// round starts the program, warms it up, and counts the CPU time of the messages after that.
func (c *contender) round(env []string, messages int) error {
	cmd := exec.Command(c.exe)
	cmd.Env = append(slices.Clip(env), c.env...)
	child, addr, err := process.Run(cmd)
	if err != nil {
		return err
	}
	defer func() { _ = child.Stop() }()
	url := "http://" + addr + c.path
	if err := c.send(url, warmUpMessages/c.perRequest); err != nil {
		return err
	}
	before, err := process.CPU(child.PID())
	if err != nil {
		return err
	}
	if err := c.send(url, messages/c.perRequest); err != nil {
		return err
	}
	after, err := process.CPU(child.PID())
	c.cpu = append(c.cpu, (after-before)/time.Duration(messages))
	return err
}

// send posts requests.
func (c *contender) send(url string, requests int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxInFlight}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	failed := make(chan error, maxInFlight)
	for worker := range maxInFlight {
		wg.Go(func() {
			for i := worker; i < requests; i += maxInFlight {
				if err := c.post(client, url, c.body(i)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

func (c *contender) post(client *http.Client, url, body string) error {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	// Without a key the header has the same length.
	req.Header.Set("X-Api-Key", cmp.Or(c.key, "ignored_0123456789abcdefghijklmnopqrstuvwxyzABCDEF"))
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d: %s", res.StatusCode, text)
	}
	return err
}
