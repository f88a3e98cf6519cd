package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// emulating runs "mayfly emulator" until the test ends and returns what it printed at the start.
func emulating(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"emulator", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, args...)
	stdout := running(t, nil, args...)
	stdout.await(t, "Ctrl-C")
	return stdout.String()
}

func printed(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not printed:\n%s", pattern, text)
	}
	return m[1]
}

// TestEmulatorFirstLines: a user of MQTT or AMQP reads at once that there is HTTPS only, and the line for the hosts
// file has all names that a device calls.
func TestEmulatorFirstLines(t *testing.T) {
	t.Parallel()
	text := emulating(t, "--hubs", "a.azure-devices.net,b.azure-devices.net")
	first := strings.Join(strings.SplitN(text, "\n", 5)[:4], " ")
	contains(t, first, "HTTPS only", "MQTT", "AMQP", "8883 and 5671 are refused", "404")
	hosts := strings.Fields(printed(t, text, `(?m)^ +(127\.0\.0\.1 \S+ .*)$`))
	want := []string{"127.0.0.1", "global.azure-devices-provisioning.net", "a.azure-devices.net", "b.azure-devices.net",
		emulator.DefaultBlobHost}
	if strings.Join(hosts, " ") != strings.Join(want, " ") {
		t.Errorf("hosts %q, want %q", hosts, want)
	}
}

// TestEmulatorServesAGoDevice follows what is printed for Go: the same variables, and a program that does not know
// about the emulator. (tools/sdk-conformance follows what is printed for Node.)
func TestEmulatorServesAGoDevice(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := emulating(t, "--ca-out", ca, "--id-scope", "0ne0000ABCD", "--hubs", "lab-hub.azure-devices.net",
		"--retry-after", "1s")
	variables := strings.Fields(printed(t, text, `Go +(HTTPS_PROXY=.*) \./device`))
	if len(variables) != 2 || variables[1] != "SSL_CERT_FILE="+ca {
		t.Fatalf("printed for Go: %q", variables)
	}
	child := exec.CommandContext(t.Context(), os.Args[0],
		printed(t, text, `ID scope +(\S+)`), printed(t, text, `group key +(\S+)`))
	child.Env = append(append(os.Environ(), variables...), envProcess+"=device")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "stored by lab-hub") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// goDevice is a device in a process of its own. Its arguments are an ID scope and a group key.
func goDevice() int {
	hub, err := registerAndSend(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println(err)
		return exitFailed
	}
	fmt.Println("stored by", hub)
	return exitOK
}

func registerAndSend(scope, groupKey string) (hub string, err error) {
	group, err := base64.StdEncoding.DecodeString(groupKey)
	if err != nil {
		return "", err
	}
	key := mac(group, "go-device")
	dps := "https://global.azure-devices-provisioning.net/" + scope + "/registrations/go-device"
	token := sasToken(key, scope+"/registrations/go-device", "registration")
	var answer struct {
		OperationID       string
		Status            string
		RegistrationState struct{ AssignedHub string }
	}
	const version = "?api-version=2021-06-01"
	err = exchange(http.MethodPut, dps+"/register"+version, token, `{"registrationId":"go-device"}`, &answer)
	for err == nil && answer.Status == "assigning" {
		time.Sleep(time.Second)
		err = exchange(http.MethodGet, dps+"/operations/"+answer.OperationID+version, token, "", &answer)
	}
	if err != nil {
		return "", err
	}
	hub = answer.RegistrationState.AssignedHub
	return hub, exchange(http.MethodPost, "https://"+hub+"/devices/go-device/messages/events?api-version=2021-04-12",
		sasToken(key, hub+"/devices/go-device", ""), `{"t":1}`, nil)
}

func exchange(method, target, token, body string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s %w", method, target, resp.StatusCode, text, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sasToken returns a token for a resource that is valid for an hour.
func sasToken(key []byte, resource, keyName string) string {
	escaped, expiry := url.QueryEscape(resource), fmt.Sprint(time.Now().Add(time.Hour).Unix())
	signature := base64.StdEncoding.EncodeToString(mac(key, escaped+"\n"+expiry))
	token := "SharedAccessSignature sr=" + escaped + "&sig=" + url.QueryEscape(signature) + "&se=" + expiry
	if keyName != "" {
		token += "&skn=" + keyName
	}
	return token
}

func TestEmulatorReadsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	text := emulating(t, "--ca-dir", filepath.Join(dir, "ca"), "--seed", "3",
		"--init", file(t, "init.json", `{"devices":[{"id":"pump-1","hub":"hub-7.azure-devices.net"}]}`),
		"--faults", file(t, "faults.json", `[{"id":"slow","endpoint":"send","latency":"1ms"}]`),
		"--enrollments", file(t, "enrollments.json",
			`[{"registrationId":"one","deviceId":"One","primaryKey":"`+key+`"}]`))
	console := printed(t, text, `console +(http://\S+)`)
	for path, want := range map[string]string{
		"/faults": `"slow"`, "/devices/pump-1": "hub-7", "/": "<title>Mayfly", "/console/sources": `"tts"`,
		"/ca.pem": "BEGIN CERTIFICATE",
	} {
		_, body := request(t, http.MethodGet, console+path, "", "")
		contains(t, body, want)
	}
	// The CA of the folder stays the same.
	pem, err := os.ReadFile(filepath.Join(dir, "ca", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again.pem")
	emulating(t, "--ca-dir", filepath.Join(dir, "ca"), "--ca-out", again)
	if other, err := os.ReadFile(again); err != nil || string(other) != string(pem) {
		t.Errorf("the CA changed: %v", err)
	}
	// It can be the CA of an enrollment group of another emulator.
	emulating(t, "--x509-group", again)
}

// The flags in docs/emulator.md exist, and all flags are there.
func TestEmulatorDocsFlags(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, help, _ := command(t, nil, "emulator", "--help")
	_, dev, _ := command(t, nil, "dev", "--help")
	flag := regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	documented, real := flag.FindAllString(string(text), -1), flag.FindAllString(help, -1)
	for _, name := range documented {
		if !slices.Contains(real, name) && !strings.Contains(dev, name) {
			t.Errorf("docs/emulator.md has %s, which does not exist", name)
		}
	}
	for _, name := range real {
		if name != "--help" && name != "--version" && !slices.Contains(documented, name) {
			t.Errorf("docs/emulator.md lacks %s", name)
		}
	}
}

func TestEmulatorReportsErrors(t *testing.T) {
	t.Parallel()
	bad, none := file(t, "bad.json", `[{"staus":500}]`), filepath.Join(t.TempDir(), "none")
	busy := emulator.Start(t, emulator.Config{})
	for _, tt := range []struct {
		name string
		args []string
		want []string
		code int
	}{
		{"not a hub", []string{"--hubs", "example.com"}, []string{"example.com", "NAME.azure-devices.net"}, exitFailed},
		{"not a key", []string{"--group-key", "short"}, []string{"group key"}, exitFailed},
		{"snapshot", []string{"--init", file(t, "init.json", `{"devices":[{"id":"a b"}]}`)},
			[]string{"--init", "devices[0]", "not a registration id"}, exitFailed},
		{"two files", []string{"--faults", bad, "--enrollments", none + ".json"},
			[]string{"--faults", "staus", "--enrollments", "none.json"}, exitFailed},
		{"not a certificate", []string{"--x509-group", bad}, []string{"--x509-group", "PEM"}, exitFailed},
		{"no such folder", []string{"--ca-out", filepath.Join(none, "ca.pem")}, []string{"--ca-out"}, exitFailed},
		{"port in use", []string{"--listen", busy.Addr()}, []string{"in use", "--listen and --console"}, exitFailed},
		{"no such flag", []string{"--hub", "x"}, []string{"--hub"}, exitUsage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"emulator", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}, tt.args...)
			code, _, errs := command(t, nil, args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			contains(t, errs, tt.want...)
		})
	}
}
