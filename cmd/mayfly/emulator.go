package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"mayfly/cmd/mayfly/internal/playground"
	"mayfly/emulator"
	"mayfly/emulator/console"
)

// emulatorCommand runs DPS and IoT hubs alone, for devices that are not Mayfly.
type emulatorCommand struct {
	Listen      string        `default:"127.0.0.1:7443" placeholder:"ADDR" help:"HTTPS address (${default})."`
	Console     string        `default:"127.0.0.1:7080" placeholder:"ADDR" help:"Console and proxy (${default})."`
	IDScope     string        `name:"id-scope" placeholder:"SCOPE" help:"ID scope; 0ne00000001 by default."`
	GroupKey    string        `name:"group-key" placeholder:"BASE64" help:"Group's key; a public one by default."`
	Hubs        []string      `placeholder:"HOST" help:"Hubs, with commas between; hub-1.azure-devices.net by default."`
	CAOut       string        `name:"ca-out" complete:"file" placeholder:"FILE" help:"Write the CA to trust here."`
	CADir       string        `name:"ca-dir" complete:"file" placeholder:"DIR" help:"Keep the CA in this folder."`
	X509Group   []string      `name:"x509-group" complete:"file" placeholder:"FILE" help:"CA of an X.509 group."`
	Enrollments string        `complete:"file" placeholder:"FILE" help:"JSON file of individual enrollments."`
	Faults      string        `complete:"file" placeholder:"FILE" help:"JSON file of faults."`
	Init        string        `complete:"file" placeholder:"FILE" help:"Snapshot of devices, faults and clock."`
	Seed        uint64        `help:"Seed of everything that is drawn at random, to repeat a run."`
	RetryAfter  time.Duration `default:"3s" help:"How long DPS takes to assign a device (${default}, as in Azure)."`
}

// Help is the long help of the command.
func (*emulatorCommand) Help() string {
	return `The emulator speaks HTTPS only, like the device APIs that it emulates: no MQTT, no AMQP.

Devices keep Azure's host names. They reach the emulator through the proxy on the
console's port (HTTPS_PROXY), by options of their SDK, or by a hosts file and
--listen 127.0.0.1:443. The lines that are printed at the start say how.

Individual enrollments are an array of
  {"registrationId": "dev-1", "primaryKey": "BASE64", "secondaryKey": "BASE64"}
or with an X.509 certificate instead of keys
  {"registrationId": "dev-2", "certificate": "-----BEGIN CERTIFICATE-----\n..."}
and may have "deviceId" (the name in the hub), "hub" and "disabled".

docs/emulator.md describes the JSON of faults and the console's HTTP API.`
}

func (c *emulatorCommand) Run(ctx context.Context, w *world) error {
	azure, err := c.emulator()
	if err != nil {
		return err
	}
	switch err := azure.Listen(ctx); {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; choose other addresses with --listen and --console", err)
	case err != nil:
		return err
	}
	defer func() { _ = azure.Close() }()
	if c.CAOut != "" {
		if err := os.WriteFile(c.CAOut, azure.CAPEM(), 0o644); err != nil { //nolint:gosec // the public half
			return fmt.Errorf("--ca-out: %w", err)
		}
	}
	c.welcome(w.stdout, azure)
	<-ctx.Done()
	return nil
}

// emulator returns an emulator that is configured by the flags and the files that they name.
func (c *emulatorCommand) emulator() (*emulator.Emulator, error) {
	config := emulator.Config{
		Listen: c.Listen, Console: c.Console, IDScope: c.IDScope, GroupKey: c.GroupKey, Hubs: c.Hubs,
		CADir: c.CADir, Seed: c.Seed, RetryAfter: c.RetryAfter,
	}
	if config.RetryAfter == 0 {
		config.RetryAfter = time.Nanosecond // 0 is the default there
	}
	var err error
	config.Enrollments, err = readFile("--enrollments", c.Enrollments, readEnrollments)
	faults, wrong := readFile("--faults", c.Faults, emulator.ParseFaults)
	if err := errors.Join(err, wrong); err != nil {
		return nil, err
	}
	azure, err := withPage(config, console.Options{Playground: playground.New(nil)})
	if err != nil {
		return nil, err
	}
	if err := restore(azure, c.Init); err != nil {
		return nil, err
	}
	for _, f := range faults { // after --init, which replaces all
		if _, err := azure.AddFault(f); err != nil {
			return nil, fmt.Errorf("--faults: %w", err)
		}
	}
	for _, name := range c.X509Group {
		pem, err := os.ReadFile(name)
		if err == nil {
			err = azure.EnrollCA(name, pem)
		}
		if err != nil {
			return nil, fmt.Errorf("--x509-group: %w", err)
		}
	}
	return azure, nil
}

// withPage returns an emulator whose console has the page. The page needs the emulator, so it is created second.
func withPage(config emulator.Config, options console.Options) (*emulator.Emulator, error) {
	var page http.Handler // set before the emulator listens
	config.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page.ServeHTTP(w, r) })
	azure, err := emulator.New(config)
	if err == nil {
		page = console.Handler(azure, options)
	}
	return azure, err
}

// restore puts the snapshot in a file, if one is named, in place of the emulator's state.
func restore(azure *emulator.Emulator, name string) error {
	snapshot, err := readFile("--init", name, emulator.ParseSnapshot)
	if err != nil || name == "" {
		return err
	}
	if err := azure.Restore(snapshot); err != nil {
		return fmt.Errorf("--init: %w", err)
	}
	return nil
}

// readFile reads the file that a flag names, if it names one.
func readFile[T any](flag, name string, read func(io.Reader) (T, error)) (out T, err error) {
	if name == "" {
		return out, nil
	}
	file, err := os.Open(name)
	if err == nil {
		defer func() { _ = file.Close() }()
		out, err = read(file)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", flag, err)
	}
	return out, err
}

func readEnrollments(r io.Reader) ([]emulator.Enrollment, error) {
	var list []struct {
		RegistrationID string `json:"registrationId"`
		DeviceID       string `json:"deviceId"`
		PrimaryKey     string `json:"primaryKey"`
		SecondaryKey   string `json:"secondaryKey"`
		Certificate    string `json:"certificate"`
		Hub            string `json:"hub"`
		Disabled       bool   `json:"disabled"`
	}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, err
	}
	out := make([]emulator.Enrollment, len(list))
	for i, e := range list {
		out[i] = emulator.Enrollment{
			RegistrationID: e.RegistrationID, DeviceID: e.DeviceID, PrimaryKey: e.PrimaryKey,
			SecondaryKey: e.SecondaryKey, CertificatePEM: []byte(e.Certificate), Hub: e.Hub, Disabled: e.Disabled,
		}
	}
	return out, nil
}

// reachable returns an address for programs on this machine: one that listens everywhere is called by loopback.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// welcome says how to point a device at the emulator.
func (c *emulatorCommand) welcome(w io.Writer, azure *emulator.Emulator) {
	https, page := reachable(azure.Addr()), reachable(azure.ConsoleAddr())
	ca, fetch := c.CAOut, ""
	if ca == "" {
		ca, fetch = "ca.pem", "\n             curl -so ca.pem http://"+page+"/ca.pem"
	}
	host, port, _ := net.SplitHostPort(https)
	hubs := strings.Join(azure.Hubs(), " ")
	names := "global.azure-devices-provisioning.net " + hubs + " " + emulator.DefaultBlobHost
	_, _ = fmt.Fprintf(w, welcomeText, https, hubs, page, azure.IDScope(), azure.GroupKey(), fetch, ca, host, port,
		names)
}

const welcomeText = `Azure's DPS and IoT hubs are running on this machine; nothing leaves it.
HTTPS only. A device that uses MQTT or AMQP is not served: through a proxy it still connects
to Azure, with a hosts file its ports 8883 and 5671 are refused, and over WebSockets it gets
404. Choose HTTP as the transport of its SDK.

  HTTPS      https://%[1]s   %[2]s
  console    http://%[3]s
  ID scope   %[4]s
  group key  %[5]s
             a device's own key is base64(HMAC-SHA256(group key, device id))

Devices keep Azure's host names and trust the emulator's CA:%[6]s

  Go         HTTPS_PROXY=http://%[3]s SSL_CERT_FILE=%[7]s ./device
  Python     HTTPS_PROXY=http://%[3]s REQUESTS_CA_BUNDLE=%[7]s SSL_CERT_FILE=%[7]s python device.py
  C#         HTTPS_PROXY=http://%[3]s SSL_CERT_FILE=%[7]s dotnet run
  C          Azure SDK: OPTION_HTTP_PROXY {"%[8]s", console's port} and OPTION_TRUSTED_CERT; or curl:
             HTTPS_PROXY=http://%[3]s CURL_CA_BUNDLE=%[7]s curl https://global.azure-devices-provisioning.net/...
  Node       NODE_EXTRA_CA_CERTS=%[7]s node -r ./emulator.cjs device.js
             where emulator.cjs is one line, because Microsoft's SDK ignores HTTPS_PROXY:
             Object.assign(require("https").globalAgent.options, {host: "%[8]s", port: %[9]s})
  hosts file --listen %[8]s:443, and in /etc/hosts (the last name is for file uploads):
             %[8]s %[10]s

Stop with Ctrl-C.
`
