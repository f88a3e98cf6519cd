package main

import (
	"cmp"
	"context"
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
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/emulator"
)

func main() {
	messages := flag.Int("n", 20_000, "messages a round")
	rounds := flag.Int("rounds", 5, "rounds of each program, in turns")
	path := flag.String("path", "",
		"instead of the yardstick, compare with this path of bootstrap, for example /api/tts")
	file := flag.String("body", "", "file with the body for -path")
	batch := flag.Int("batch", 0,
		"instead of the yardstick, compare single messages with requests of so many messages of one device")
	auth := flag.Bool("auth", false,
		"instead of the yardstick, compare AUTH=none with AUTH=keys: callers, device patterns, rates")
	flag.Parse()
	if err := run(*messages, *rounds, *path, *file, *batch, *auth); err != nil {
		log.Fatal(err)
	}
}

const nativeBody = `{"device":{"deviceId":"device-%d"},"measurements":{"temp":20.31,"pressure":50,"humidity":8.5,"ledColor":"blue"}}`

type contender struct {
	name, exe, path string
	body            func(i int) string
	each            int             // messages a request
	cpu             []time.Duration // a message
	env             []string
	key             string
}

func run(messages, rounds int, path, file string, batch int, auth bool) error {
	dir, err := os.MkdirTemp("", "mayfly-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	native := func(i int) string { return fmt.Sprintf(nativeBody, i%100) }
	subject := &contender{name: "bootstrap", exe: filepath.Join(dir, "bootstrap"), path: "/api/telemetry", body: native,
		each: 1}
	base := &contender{name: "yardstick", exe: filepath.Join(dir, "yardstick"), path: "/api/telemetry", body: native,
		each: 1}
	if batch > 0 {
		base.name, base.exe = "single", subject.exe
		subject = &contender{name: "batched", exe: subject.exe, path: "/api/telemetry", each: batch,
			body: func(i int) string {
				return "[" + strings.TrimSuffix(strings.Repeat(native(i)+",", batch), ",") + "]"
			}}
	}
	if path != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		base.name, base.exe = "bootstrap", subject.exe
		subject = &contender{name: path, exe: subject.exe, path: path, each: 1,
			body: func(int) string { return string(text) }}
	}
	if auth {
		base.name, base.exe, subject.name = "none", subject.exe, "keys"
		if err := subject.lock(dir); err != nil {
			return err
		}
	}
	for _, program := range []string{"./cmd/bootstrap", "./bench/yardstick"} {
		build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o",
			filepath.Join(dir, filepath.Base(program)), program)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	azure, err := emulator.New(emulator.Config{EventLimit: 100, CallLimit: 100, OperationsPerMinute: -1})
	if err != nil {
		return err
	}
	if err := azure.Listen(context.Background()); err != nil {
		return err
	}
	defer func() { _ = azure.Close() }()
	for i := range 100 {
		azure.Provision(fmt.Sprintf("device-%d", i), emulator.DefaultHub)
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, azure.CAPEM(), 0o600); err != nil {
		return err
	}
	env := []string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none", "HOST=127.0.0.1",
		"PORT=0", "DEDUP_WINDOW=0",
		"HUB_HINT=" + emulator.DefaultHub, "SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + azure.ConsoleAddr()}
	for range rounds {
		for _, c := range []*contender{base, subject} {
			if err := c.round(env, messages); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	fmt.Printf("CPU per message, median of %d rounds of %d messages\n", rounds, messages)
	fmt.Printf("%-12s %8.1f us\n%-12s %8.1f us\nratio        %8.2f\n", base.name, us(base.cpu), subject.name,
		us(subject.cpu), us(subject.cpu)/us(base.cpu))
	return nil
}

// lock gives the contender callers: ten, of which one sends, each with patterns
// and a rate, and a rate for every device.
func (c *contender) lock(dir string) error {
	c.key = "mayfly_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	sum := sha256.Sum256([]byte(c.key))
	var file strings.Builder
	file.WriteString("callers:\n")
	for i := range 10 {
		hash := hex.EncodeToString(sum[:])
		if i != 7 {
			hash = strings.Repeat(fmt.Sprint(i), 64)
		}
		fmt.Fprintf(&file, "  - {name: caller-%d, keys: [\"sha256:%s\"], devices: [\"other-*\", \"*-x\", \"device-*\"], sources: [tts, telemetry], rate: 1000000/s}\n", i, hash)
	}
	path := filepath.Join(dir, "mayfly.yaml")
	c.env = []string{"AUTH=keys", "CONFIG=" + path, "DEVICE_RATE=1000000/s"}
	return os.WriteFile(path, []byte(file.String()), 0o600)
}

func us(cpu []time.Duration) float64 {
	slices.Sort(cpu)
	return float64(cpu[len(cpu)/2].Nanoseconds()) / 1000
}

var address = regexp.MustCompile(`"address":"([^"]+)"`)

// round starts the program, warms it up, and counts the CPU of the messages
// after that.
func (c *contender) round(env []string, messages int) error {
	cmd := exec.Command(c.exe)
	cmd.Env = append(slices.Clip(env), c.env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	head := make([]byte, 4096)
	n, err := out.Read(head)
	match := address.FindSubmatch(head[:n])
	if err != nil || match == nil {
		return fmt.Errorf("it does not say where it listens: %q, %w", head[:n], err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	url := "http://" + string(match[1]) + c.path
	if err := c.send(url, 1000/c.each); err != nil {
		return err
	}
	before, err := cpu(cmd.Process.Pid)
	if err != nil {
		return err
	}
	if err := c.send(url, messages/c.each); err != nil {
		return err
	}
	after, err := cpu(cmd.Process.Pid)
	c.cpu = append(c.cpu, (after-before)/time.Duration(messages))
	return err
}

// send posts requests, 8 at a time.
func (c *contender) send(url string, requests int) error {
	const atOnce = 8
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	failed := make(chan error, atOnce)
	for worker := range atOnce {
		wg.Go(func() {
			for i := worker; i < requests; i += atOnce {
				req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(c.body(i)))
				if err != nil {
					failed <- err
					return
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("X-Api-Key", cmp.Or(c.key, "the same length as what is a key in the other program"))
				res, err := client.Do(req)
				if err != nil {
					failed <- err
					return
				}
				text, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					failed <- fmt.Errorf("HTTP %d: %s", res.StatusCode, text)
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}
