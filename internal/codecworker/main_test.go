package codecworker

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/transform/codec"
)

// TestMain lets the test binary be its own worker, and other processes of tests:
// under another name, one that misbehaves.
func TestMain(m *testing.M) {
	if exe, err := os.Executable(); err == nil && len(os.Args) > 1 && os.Args[1] == Argument {
		if misbehave := misbehaviors[strings.TrimSuffix(filepath.Base(exe), ".exe")]; misbehave != nil {
			misbehave()
			os.Exit(0)
		}
	}
	Main()
	if len(os.Args) >= 2 && os.Args[1] == "be-the-parent" {
		beTheParent()
	}
	os.Exit(m.Run())
}

// misbehaviors are what a program may do instead of being a worker.
var misbehaviors = map[string]func(){
	"ends-at-once":       func() {},
	"fails-at-once":      func() { fmt.Fprintln(os.Stderr, "no room for this"); os.Exit(5) },
	"says-something":     func() { fmt.Println("listening on port 8080, have a good day"); hang() },
	"hangs":              hang,
	"speaks-another":     func() { os.Stdout.WriteString(hello[:len(hello)-1] + "\xff"); hang() },
	"ends-when-asked":    func() { greet(); read() },
	"hangs-when-asked":   func() { greet(); read(); hang() },
	"closes-when-asked":  func() { greet(); read(); os.Stdout.Close(); hang() },
	"answers-garbage":    func() { greet(); read(); os.Stdout.WriteString("\x00\x00\x00\x04abcd"); hang() },
	"answers-endlessly":  func() { greet(); read(); _, _ = io.Copy(os.Stdout, ones{}) },
	"answers-by-half":    func() { greet(); read(); os.Stdout.WriteString("\x00\x00\x00\x04a"); hang() },
	"answers-empty":      func() { greet(); read(); os.Stdout.Write(make([]byte, 64)); hang() },
	"does-not-read":      func() { greet(); hang() },
	"floods-its-stderr":  func() { greet(); read(); _, _ = io.Copy(os.Stderr, ones{}) },
	"reports-a-nonsense": func() { greet(); read(); os.Stdout.WriteString("\x00\x00\x00\x01\xf6"); hang() },
}

type ones struct{}

func (ones) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 1
	}
	return len(b), nil
}

func greet() { os.Stdout.WriteString(hello) }

func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

func read() { _, _ = readFrame(bufio.NewReader(os.Stdin), nil, maxFrame) }

// beTheParent starts a worker, tells its process id and has it work for ever.
func beTheParent() {
	if len(os.Args) == 3 {
		_, _ = bufio.NewReader(os.Stdin).ReadString(10) // until then, its file goes away
	}
	pool := New(Options{Workers: 1})
	endless, err := pool.Load("x.js", []byte("function decodeUplink() { for (;;) new Array(1e6).join('x').split('') }"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for worker := range pool.all {
		fmt.Println(worker.cmd.Process.Pid)
	}
	for {
		_, _ = endless.Decode(context.Background(), codec.Uplink{})
	}
}
