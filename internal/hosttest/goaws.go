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
	port := freePort(tb)
	config := "Local:\n  Host: 127.0.0.1\n  Port: " + port + "\n  AccountId: \"" + GoawsAccount + "\"\n" +
		"  EnableDuplicates: true\n" +
		"  QueueAttributeDefaults: {VisibilityTimeout: 30, MaximumMessageSize: 262144}\n  Queues:\n    - Name: dead\n"
	var own strings.Builder
	for _, name := range queues {
		fmt.Fprintf(&own, "    - Name: %s\n      RedrivePolicy: '{\"maxReceiveCount\": 1000, "+
			"\"deadLetterTargetArn\":\"arn:aws:sqs::%s:dead\"}'\n", name, GoawsAccount)
	}
	file := filepath.Join(dir, "goaws.yaml")
	if err := os.WriteFile(file, []byte(config+own.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	server := start(tb, exec.CommandContext(context.WithoutCancel(tb.Context()), program, "-config", file), "HOME="+dir)
	url := "http://127.0.0.1:" + port
	for range 500 {
		r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url+"/health", http.NoBody)
		if err != nil {
			tb.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			return url
		}
		time.Sleep(20 * time.Millisecond)
	}
	tb.Fatalf("goaws does not listen\n%s", server.Output())
	return ""
}
