package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctor runs the command as a process, with the variables that the emulator prints for Go programs.
func TestDoctor(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := emulating(t, "--ca-out", ca)
	variables := strings.Fields(printed(t, text, `Go +(HTTPS_PROXY=.*) \./device`))
	key := printed(t, text, `group key +(\S+)`)
	doctor := func(key string, args ...string) (string, error) {
		child := exec.CommandContext(t.Context(), os.Args[0], append([]string{"doctor"}, args...)...)
		child.Dir = t.TempDir()
		child.Env = append(append(os.Environ(), variables...), envProcess+"=mayfly",
			"ID_SCOPE="+printed(t, text, `ID scope +(\S+)`), "GROUP_KEY="+key)
		out, err := child.CombinedOutput()
		return string(out), err
	}
	out, err := doctor(key, "--device", "pump-1")
	if err != nil || strings.Contains(out, key) {
		t.Errorf("%v\n%s", err, out)
	}
	contains(t, out, "DPS connection  ok", "clock           ok", "pump-1 is assigned to", "test event      ok")
	out, err = doctor("bWF5Zmx5", "--device", "pump-1")
	if err == nil {
		t.Errorf("a wrong key passed:\n%s", out)
	}
	contains(t, out, "scope and key   FAULT", "Try: compare GROUP_KEY", "something is wrong, see above")
}

func TestDoctorFaults(t *testing.T) {
	t.Parallel()
	fleets := file(t, "mayfly.yaml", `fleets:
  - {name: north, idScope: 0ne1, groupKey: bWF5Zmx5}
  - {name: south, idScope: 0ne2, groupKey: bWF5Zmx5}
`)
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no device id", []string{"--device", "pump 1"}, `"pump 1" is not a device id`},
		{"which fleet", []string{"--device", "pump-1"}, "--fleet north, or --fleet south"},
		{"another fleet", []string{"--fleet", "west"}, `there is no fleet "west"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, _, errs := command(t, []string{"CONFIG=" + fleets}, append([]string{"doctor"}, tc.args...)...)
			if code != exitFailed || !strings.Contains(errs, tc.want) {
				t.Errorf("%d %s", code, errs)
			}
		})
	}
	code, _, errs := command(t, []string{"CONFIG=" + file(t, "mayfly.yaml", "sources: []")}, "doctor")
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, errs, "the configuration is wrong:\n", "ID_SCOPE")
}
