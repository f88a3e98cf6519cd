package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
	"mayfly/internal/hosttest"
)

const packedConfig = `sources:
  - name: tank
    deviceId: {file: maps/id.jq}
    payload: .p | unhex
    codec: codecs/tank.js
    codecs: {7: ./codecs/linked.js}
    port: .port
    measurements: "null"
    signature: {secrets: ["file:secrets/hook"], header: X-Sig}
callers:
  - {name: gate, keys: ["sha256:%s"]}
tokens:
  - {name: idp, issuer: https://idp.example, audience: mayfly, keys: ["file:keys/idp.pem"]}
certificates:
  ca: file:keys/ca.pem
templates: [models]
`

// packedFolder makes a configuration with every kind of file in a folder of its own.
func packedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sum := sha256.Sum256([]byte("gate-key"))
	certificate, public := keyFiles(t)
	for name, text := range map[string]string{
		"mayfly.yaml":     fmt.Sprintf(packedConfig, hex.EncodeToString(sum[:])),
		"maps/id.jq":      ".id\n",
		"codecs/tank.js":  "function decodeUplink(input) { return {data: {level: input.bytes[0]}}; }\n",
		"shared/other.js": "function decodeUplink(input) { return {data: {other: input.bytes[0]}}; }\n",
		"keys/ca.pem":     certificate,
		"keys/idp.pem":    public,
		"secrets/hook":    "s3cret",
		"models/tank.json": `{"@context": "dtmi:dtdl:context;2", "@id": "dtmi:example:Tank;1", "@type": "Interface", ` +
			`"contents": [{"@type": "Telemetry", "name": "level", "schema": "double"}]}`,
		".env":                   "GROUP_KEY=x\n",
		"local.settings.json":    "{}",
		"unrelated/file.js":      "x",
		"bootstrap":              "program",
		"host.json":              "{}",
		"function/function.json": "{}",
		"queue/function.json":    "{}",
	} {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../shared/other.js", filepath.Join(dir, "codecs", "linked.js")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// keyFiles makes a CA's certificate and a public key.
func keyFiles(t *testing.T) (certificate, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

// contents lists a folder: mode, time, name and hash of everything in it.
func contents(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = fmt.Sprintf("%x", sha256.Sum256(raw))[:8]
		}
		name, err := filepath.Rel(dir, path)
		list = append(list, fmt.Sprintf("%s %s %s %s", info.Mode(), info.ModTime().UTC().Format(time.DateTime),
			filepath.ToSlash(name), text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// All that the configuration names is packed, nothing else, and twice the same.
func TestPack(t *testing.T) {
	t.Parallel()
	dir, out := packedFolder(t), filepath.Join(t.TempDir(), "a", "package")
	args := []string{"pack", "--config", filepath.Join(dir, "mayfly.yaml"),
		"--binary", filepath.Join(dir, "bootstrap"), out}
	code, printed, errs := command(t, nil, args...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	contains(t, errs, "secrets/hook is a key")
	first := contents(t, out)
	var names []string
	for _, line := range first {
		fields := strings.Fields(line)
		if strings.HasPrefix(fields[0], "-") {
			names = append(names, fields[3])
			contains(t, printed, filepath.FromSlash(fields[3]))
		}
		if !strings.Contains(line, "1980-01-01 00:00:00") {
			t.Errorf("the time shows when it was packed: %s", line)
		}
	}
	want := []string{"bootstrap", "codecs/linked.js", "codecs/tank.js", "keys/ca.pem", "keys/idp.pem", "maps/id.jq",
		"mayfly.yaml", "models/tank.json"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, f := range []string{"bootstrap", "codecs/tank.js"} {
		now := time.Now()
		if err := os.Chtimes(filepath.Join(dir, f), now, now); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, errs := command(t, nil, args...); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if diff := cmp.Diff(first, contents(t, out)); diff != "" {
		t.Errorf("packed again it differs:\n%s", diff)
	}
}

// What cannot keep its place, or is secret, is refused with a sentence; check warns.
func TestPackRefuses(t *testing.T) {
	t.Parallel()
	const source = "sources:\n  - name: s\n    deviceId: .id\n    payload: .p | unhex\n    codec: "
	const script = "function decodeUplink(input) { return {data: {a: 1}}; }\n"
	outside := file(t, "outside.js", script)
	tests := []struct {
		name, config string
		files        map[string]string
		want, warned string
	}{
		{"an absolute path", source + outside + "\n", nil, "lies outside of the folder",
			"mayfly.yaml:5:12: sources[0].codec: source s: "},
		{"a path that leads up", source + "../x.js\n", map[string]string{"../x.js": script}, "../x.js lies outside",
			"../x.js lies outside"},
		{"a private key", "tokens:\n  - {name: i, issuer: i, audience: a, jwks: \"https://i.example/k\"}\n" +
			source + "k.js\n", map[string]string{"k.js": "//-----BEGIN PRIVATE KEY-----\n" + script},
			"a private key", ""},
		{"a file of secrets", source[:strings.LastIndex(source, "    codec")] + "    measurements: {file: .env}\n",
			map[string]string{".env": "{a: .b}"}, "files of this name hold secrets", ""},
		{"a file that is not there", source + "none.js\n", nil, "cannot be read", ""},
		{"the name of the program",
			source[:strings.LastIndex(source, "    codec")] + "    measurements: {file: bootstrap}\n",
			map[string]string{"bootstrap": "{a: .b}"}, "another file of this name", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "in")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			tt.config = strings.TrimPrefix(tt.config, "\n")
			files := map[string]string{"mayfly.yaml": tt.config, "program": "x"}
			maps.Copy(files, tt.files)
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			config, out := filepath.Join(dir, "mayfly.yaml"), filepath.Join(t.TempDir(), "out")
			code, _, errs := command(t, nil, "pack", "--config", config, "--binary", filepath.Join(dir, "program"), out)
			if code != exitFailed || !strings.Contains(errs, tt.want) {
				t.Errorf("exit code %d, want %q: %s", code, tt.want, errs)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a part of it was packed")
			}
			if _, printed, _ := command(t, nil, "check", config); tt.warned != "" {
				contains(t, printed, "warning: ", tt.warned, "mayfly pack refuses it")
			}
		})
	}
	if code, _, errs := command(t, nil, "pack", "--config", outside, filepath.Dir(outside)); code != exitFailed {
		t.Errorf("packed a script as a configuration: %s", errs)
	}
}

// A symbolic link out of the folder becomes the file that it leads to, and check warns.
func TestPackFollowsLinks(t *testing.T) {
	t.Parallel()
	const script = "function decodeUplink(input) { return {data: {a: 1}}; }\n"
	outside := file(t, "outside.js", script)
	config := file(t, "mayfly.yaml", "sources: [{name: s, deviceId: .id, payload: .p | unhex, codec: in.js}]\n")
	if err := os.Symlink(outside, filepath.Join(filepath.Dir(config), "in.js")); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	code, _, errs := command(t, nil, "pack", "--config", config, out)
	packed, err := os.ReadFile(filepath.Join(out, "in.js"))
	info, _ := os.Lstat(filepath.Join(out, "in.js"))
	if code != exitOK || err != nil || string(packed) != script || !info.Mode().IsRegular() {
		t.Errorf("exit code %d, %v, %v: %s", code, err, info, errs)
	}
	_, printed, _ := command(t, nil, "check", config)
	contains(t, printed, "warning: ", "sources[0].codec: source s: in.js is a symbolic link out of the folder")
}

// The program starts from the package on every host, with the folder that it was made
// from gone, and from another working directory.
func TestPackageStarts(t *testing.T) {
	t.Parallel()
	dir := packedFolder(t)
	config := filepath.Join(dir, "mayfly.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	const signature = "    signature: {secrets: [\"file:secrets/hook\"], header: X-Sig}\n"
	text = []byte(strings.Replace(string(text), signature, "", 1))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	program := hosttest.Build(t, "mayfly/cmd/bootstrap")
	out := filepath.Join(t.TempDir(), "package")
	if code, _, errs := command(t, nil, "pack", "--config", config, "--binary", program, out); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	// What --functions adds in the root.
	for _, name := range []string{"host.json", "function/function.json", "queue/function.json"} {
		copyFile(t, filepath.Join("../..", name), filepath.Join(out, name))
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	azure := emulator.Start(t, emulator.Config{AssignAtOnce: true})
	ca := file(t, "azure.pem", string(azure.CAPEM()))
	handler := func(working string, more ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), filepath.Join(out, "bootstrap"))
		cmd.Dir = working
		cmd.Env = append([]string{
			"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=keys", "HOST=127.0.0.1",
			"SSL_CERT_FILE=" + ca, "HTTPS_PROXY=http://" + azure.ConsoleAddr(),
		}, more...)
		return cmd
	}
	for name, working := range map[string]string{"the package": out, "another folder": t.TempDir()} {
		t.Run("functions from "+name, func(t *testing.T) {
			host := hosttest.StartFunctionsHost(t, out, handler(working))
			postTank(t, http.DefaultClient, host.URL())
		})
		t.Run("lambda from "+name, func(t *testing.T) {
			api := hosttest.StartRuntimeAPI(t)
			api.Start(t, handler(working))
			postTank(t, hosttest.Fronts()[0].Client(api.Invoker()), "https://front.example")
		})
		t.Run("server from "+name, func(t *testing.T) {
			postTank(t, http.DefaultClient, startPacked(t, handler(working, "PORT=0")))
		})
	}
	var bodies []string
	for _, e := range azure.Events() {
		bodies = append(bodies, string(e.Body))
	}
	slices.Sort(bodies)
	want := slices.Concat(slices.Repeat([]string{`{"level":10}`}, 6), slices.Repeat([]string{`{"other":10}`}, 6))
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// postTank sends a payload for each of the two codecs.
func postTank(t *testing.T, client *http.Client, url string) {
	t.Helper()
	for _, port := range []string{"1", "7"} {
		body := strings.NewReader(`{"id":"tank-1","p":"0a","port":` + port + `}`)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/tank", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Api-Key", "gate-key")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("port %s: status %d", port, res.StatusCode)
		}
	}
}

// startPacked starts a plain server and returns its URL once it listens.
func startPacked(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return "http://" + out.await(t, `"msg":"listening".*"address":"([^"]+)"`)[1]
}

func copyFile(t *testing.T, from, into string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(into), 0o755)
	}
	if err == nil {
		err = os.WriteFile(into, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
