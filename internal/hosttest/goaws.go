package hosttest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// GoawsAccount is the account that queues of [StartGoaws] are in.
const GoawsAccount = "100010001000"

// StartGoaws builds goaws, a server of Amazon SQS that others have written, and runs it until the test ends, with
// queues whose dead letters go to the queue "dead". It returns its URL, without a slash at the end.
//
// goaws knows SQS' query protocol alone, and no ChangeMessageVisibilityBatch. It keeps no order in FIFO queues and does
// not count receives.
func StartGoaws(tb testing.TB, queues ...string) string {
	tb.Helper()
	root, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	program := filepath.Join(dir, "goaws")
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", program, "tool")
	build.Dir = filepath.Join(strings.TrimSpace(string(root)), "tools", "goaws")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	for range maxPorts {
		port := freePort(tb)
		file := filepath.Join(dir, "goaws.yaml")
		if err := os.WriteFile(file, []byte(goawsConfig(port, queues)), 0o600); err != nil {
			tb.Fatal(err)
		}
		server := start(tb, exec.CommandContext(context.WithoutCancel(tb.Context()), program, "-config", file),
			"HOME="+dir)
		if url := "http://127.0.0.1:" + port; answers(tb, server, url+"/health") {
			return url
		}
		tb.Log(server.Output()) // most likely somebody else has taken the port
	}
	tb.Fatal("goaws does not listen")
	return ""
}

// maxPorts is how many ports are tried for a server that must be told its port.
const maxPorts = 5

func goawsConfig(port string, queues []string) string {
	var b strings.Builder
	b.WriteString("Local:\n  Host: 127.0.0.1\n  Port: " + port + "\n  AccountId: \"" + GoawsAccount + "\"\n" +
		"  EnableDuplicates: true\n" +
		"  QueueAttributeDefaults: {VisibilityTimeout: 30, MaximumMessageSize: 262144}\n  Queues:\n    - Name: dead\n")
	for _, name := range queues {
		fmt.Fprintf(&b, "    - Name: %s\n      RedrivePolicy: '{\"maxReceiveCount\": 1000, "+
			"\"deadLetterTargetArn\":\"arn:aws:sqs::%s:dead\"}'\n", name, GoawsAccount)
	}
	return b.String()
}

// answers waits until a server answers, or has ended.
func answers(tb testing.TB, server *Process, url string) bool {
	tb.Helper()
	for {
		r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			tb.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = res.Body.Close()
		}
		select {
		case <-server.Exited():
			return false
		case <-time.After(20 * time.Millisecond): // one that finds its port taken ends at once
			if err == nil {
				return true
			}
		}
	}
}
