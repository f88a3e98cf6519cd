package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mayfly/bench/process"
)

// envProgram turns the test binary into a program that logs a first line and then waits or ends.
const envProgram = "MAYFLY_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch program := os.Getenv(envProgram); program {
	case "":
		os.Exit(m.Run())
	default:
		fmt.Println(`{"msg":"queue repaired after an unclean end"}`)
		fmt.Println(`{"msg":"listening","address":"127.0.0.1:7"}`)
		if program == "waits" {
			time.Sleep(time.Hour)
		}
		fmt.Fprintln(os.Stderr, "out of order")
		os.Exit(3)
	}
}

func program(t *testing.T, kind string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envProgram+"="+kind)
	return cmd
}

// A benchmark stops its process in the end and again as it returns: the second time must not wait for ever.
func TestStopTwice(t *testing.T) {
	t.Parallel()
	child, addr, err := process.Run(program(t, "waits"))
	if err != nil || addr != "127.0.0.1:7" {
		t.Fatal(addr, err)
	}
	for range 2 {
		if err := child.Stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestStopReportsAnEarlyEnd(t *testing.T) {
	t.Parallel()
	cmd := program(t, "ends")
	child, _, err := process.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	child.Wait()
	for range 2 {
		if err := child.Stop(); err == nil || !strings.Contains(err.Error(), "out of order") {
			t.Errorf("%v", err)
		}
	}
}
