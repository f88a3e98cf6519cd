package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binary is the program under test, built when the first test asks for it.
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

func bootstrap(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts the binary")
	}
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
