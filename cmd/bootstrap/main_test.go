package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binary is the program under test. It is built when a test first needs it.
var binary struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(binary.dir)
	os.Exit(code)
}

// bootstrap returns the path of the program.
func bootstrap(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		//nolint:usetesting // all tests share it
		if binary.dir, binary.err = os.MkdirTemp("", "mayfly-bootstrap"); binary.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", binary.dir, ".")
		build.Stderr = os.Stderr
		binary.err = build.Run()
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return filepath.Join(binary.dir, "bootstrap")
}
