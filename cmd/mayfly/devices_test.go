package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/emulator"
	"mayfly/transform/codec"
)

const (
	testGroupKey  = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
	testDeviceID  = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"
	testDeviceKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=" // Microsoft's example
)

// commandWith is command with a standard input.
func commandWith(t *testing.T, stdin string, environ []string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	w := &world{environ: environ, stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr,
		codecs: codec.InProcess{}}
	code = w.run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

func TestKeysDeriveList(t *testing.T) {
	t.Parallel()
	environ := []string{"GROUP_KEY=" + testGroupKey, "GROUP_KEY_SECONDARY=bWF5Zmx5"}
	list := "id,name\n" + testDeviceID + ",A pump\npump-2,Another\n"
	want := "id,primaryKey,secondaryKey\n" + testDeviceID + "," + testDeviceKey + ","
	for _, args := range [][]string{{"-"}, {"--ids", "-"}, {"--ids", file(t, "devices.csv", list)}} {
		code, out, errs := commandWith(t, list, environ, append([]string{"keys", "derive"}, args...)...)
		if code != 0 || !strings.HasPrefix(out, want) || strings.Count(out, "\n") != 3 {
			t.Errorf("%v: %d\n%s%s", args, code, out, errs)
		}
	}
	_, out, _ := commandWith(t, testDeviceID, environ[:1], "keys", "derive", "-")
	if out != want+"\n" {
		t.Errorf("without a secondary key: %s", out)
	}
	code, _, errs := commandWith(t, "pump 1", environ, "keys", "derive", "-")
	if code != exitFailed || !strings.Contains(errs, `line 1: "pump 1" is not a device id`) {
		t.Errorf("%d %s", code, errs)
	}
}

func TestDevicesCSV(t *testing.T) {
	t.Parallel()
	both := []string{"GROUP_KEY=" + testGroupKey, "GROUP_KEY_SECONDARY=bWF5Zmx5"}
	for _, tc := range []struct {
		name    string
		environ []string
		flags   string
		want    string // of the output, or of the error
		failed  bool
	}{
		{"IoT Central without keys", nil, "", "IOTC_DEVICEID,IOTC_DEVICENAME\n" + testDeviceID + ",A pump\n", false},
		{"IoT Central", both, "", testDeviceID + ",A pump," + testDeviceKey + ",", false},
		{"IoT Central, keys not wanted", both, "--no-keys", testDeviceID + ",A pump\n", false},
		{"IoT Hub", both, "--format iot-hub", `"primaryKey":"` + testDeviceKey + `"`, false},
		{"DPS", both, "--format dps", `{"enrollments":[{"registrationId":"` + testDeviceID, false},
		{"IoT Hub with one key", both[:1], "--format iot-hub", "needs both keys", true},
		{"DPS without keys", nil, "--format dps", "needs both keys", true},
		{"a broken key", []string{"GROUP_KEY=*"}, "", "GROUP_KEY: ", true},
		{"another format", both, "--format hub", "must be one of", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"devices", "csv"}, strings.Fields(tc.flags)...)
			code, out, errs := commandWith(t, testDeviceID+",A pump\n", tc.environ, args...)
			if (code != 0) != tc.failed || !strings.Contains(out+errs, tc.want) {
				t.Errorf("%d\n%s%s", code, out, errs)
			}
		})
	}
}

// A file is new and whole, or it is not there.
func TestDevicesCSVFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "devices.csv")
	code, _, errs := commandWith(t, "pump-1\npump-1\n", nil, "devices", "csv", "-o", path)
	if _, err := os.Stat(path); code == 0 || err == nil {
		t.Errorf("half a file was left: %d %s", code, errs)
	}
	if code, _, errs = commandWith(t, "pump-1\n", nil, "devices", "csv", "-o", path); code != 0 {
		t.Fatal(errs)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the file with keys: %v %v", info.Mode(), err)
	}
	code, _, errs = commandWith(t, "pump-2\n", nil, "devices", "csv", "-o", path)
	if code == 0 || !strings.Contains(errs, "exists") {
		t.Errorf("a file was overwritten: %s", errs)
	}
}

func TestDevicesCSVFromEmulator(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	for _, id := range []string{"pump-1", "pump-2"} {
		e.Provision(id, "")
	}
	code, out, errs := commandWith(t, "", nil, "devices", "csv", "--emulator", "http://"+e.ConsoleAddr())
	if code != 0 || out != "IOTC_DEVICEID,IOTC_DEVICENAME\npump-1,pump-1\npump-2,pump-2\n" {
		t.Errorf("%d %s%s", code, out, errs)
	}
	code, _, errs = commandWith(t, "", nil, "devices", "csv", "--emulator", "http://127.0.0.1:1")
	if code == 0 || !strings.Contains(errs, "no emulator at http://127.0.0.1:1") {
		t.Errorf("%d %s", code, errs)
	}
}
