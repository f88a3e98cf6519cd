//go:build unix

package codecworker

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func onlyWorker(t *testing.T, pool *Pool) *process {
	t.Helper()
	for worker := range pool.all {
		return worker
	}
	t.Fatal("there is no worker")
	return nil
}

// TestWorkerHasNothing looks at what a worker got from its parent.
func TestWorkerHasNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	t.Setenv("MAYFLY_TEST_SECRET", "x")
	inherited, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer inherited.Close()
	if _, err := unix.FcntlInt(inherited.Fd(), syscall.F_SETFD, 0); err != nil { // as the shell left it
		t.Fatal(err)
	}
	pool := newPool(t, Options{Workers: 1})
	load(t, pool, echo)
	dir := fmt.Sprintf("/proc/%d/", onlyWorker(t, pool).cmd.Process.Pid)
	if environ, err := os.ReadFile(dir + "environ"); err != nil || len(environ) > 0 {
		t.Errorf("environment %q, %v", environ, err)
	}
	if cwd, err := os.Readlink(dir + "cwd"); err != nil || cwd != "/" {
		t.Errorf("working directory %s, %v", cwd, err)
	}
	descriptors, err := os.ReadDir(dir + "fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptors {
		target, err := os.Readlink(filepath.Join(dir, "fd", d.Name()))
		ours, runtimes := strings.HasPrefix(target, "pipe:"),
			strings.HasPrefix(target, "anon_inode:[event") || strings.HasPrefix(target, "/sys/fs/cgroup")
		if fd, _ := strconv.Atoi(d.Name()); err != nil || fd <= 2 && !ours || fd > 2 && !runtimes {
			t.Errorf("descriptor %s is %s, %v", d.Name(), target, err)
		}
	}
}

// TestSignalsLeaveWorkersAlone sends what a terminal or a service manager sends to
// every process of a group.
func TestSignalsLeaveWorkersAlone(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	c := load(t, pool, echo)
	worker := onlyWorker(t, pool)
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if err := worker.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		wantEcho(t, c)
	}
	if !worker.alive() {
		t.Error("the worker ended")
	}
}

// TestNoOrphans kills a parent whose worker is in the middle of a script.
func TestNoOrphans(t *testing.T) {
	parent := exec.Command(os.Args[0], "be-the-parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	worker, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for start := time.Now(); syscall.Kill(worker, 0) == nil && !zombie(worker); {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the worker goes on")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// zombie tells whether a process has ended, and only its parent has not looked.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// TestReplacedExecutable removes the program's file while it runs, as a package
// manager does.
func TestReplacedExecutable(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("others start the file")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "mayfly")
	if err := place(copied, self); err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(copied, "be-the-parent", "late")
	in, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Write([]byte("now\n"))
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.Trim(line, "0123456789\n") != "" {
		t.Errorf("%q, %v", line, err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
}
