//go:build unix

package main_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// The reader of the log goes away, or stops reading while the pipe fills: every
// request is answered all the same.
func TestLogReader(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		leave func(*os.File)
	}{
		{"goes away", func(r *os.File) { _ = r.Close() }},
		{"stops reading", func(*os.File) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
			cmd := exec.CommandContext(t.Context(), bootstrap(t))
			cmd.Env = environment(t, azure, "PORT=0", "HOST=127.0.0.1")
			cmd.Stdout = writer
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			url := listeningURL(t, reader)
			test.leave(reader)
			const requests = 600                        // a pipe holds about 300 records
			client := http.Client{Timeout: time.Minute} // where it stops, the test says so
			for i := range requests {
				body := strings.NewReader(`{"n":` + strconv.Itoa(i) + `}`)
				res, err := client.Post(url+"/api/devices/d/telemetry", "application/json", body)
				if err != nil {
					t.Fatalf("request %d: %v", i, err)
				}
				answer, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					t.Fatalf("request %d: %d %s", i, res.StatusCode, answer)
				}
			}
			if stored := len(azure.Events()); stored != requests {
				t.Errorf("%d of %d messages stored", stored, requests)
			}
		})
	}
}

// listeningURL reads the log up to the record that tells the address.
func listeningURL(t *testing.T, log io.Reader) string {
	t.Helper()
	address := regexp.MustCompile(`"msg":"listening".*"address":"([^"]+)"`)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			return "http://" + found[1]
		}
	}
	t.Fatal("the log tells no address")
	return ""
}
