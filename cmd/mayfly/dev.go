package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"
	"time"

	"mayfly/cmd/mayfly/internal/devlines"
	"mayfly/cmd/mayfly/internal/devqueue"
	"mayfly/cmd/mayfly/internal/playground"
	"mayfly/cmd/mayfly/internal/recorder"
	"mayfly/cmd/mayfly/internal/recorder/head"
	"mayfly/cmd/mayfly/internal/reload"
	"mayfly/cmd/mayfly/internal/trial"
	"mayfly/emulator"
	"mayfly/emulator/console"
	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/codec"
)

// shutdownTimeout is short: a person at a terminal does not want to wait for a slow request.
const shutdownTimeout = 2 * time.Second

// devCommand runs the bridge and the emulator in one process.
type devCommand struct {
	Port         uint16        `default:"7071" help:"Port of the bridge."`
	EmulatorPort uint16        `default:"7443" help:"HTTPS port of the emulated DPS and hubs."`
	ConsolePort  uint16        `default:"7080" help:"Port of the emulator's console."`
	Init         string        `complete:"file" placeholder:"FILE" help:"Snapshot of devices, faults and clock."`
	RetryAfter   time.Duration `default:"1s" help:"How long DPS takes to assign a new device; 3s in Azure."`
	NoRecord     bool          `help:"Keep no requests: the console does not show what came in."`
	Durable      bool          `help:"Queue what the hubs do not take now, and deliver it later."`
	Queue        string        `complete:"file" placeholder:"DIR" help:"Durable, with the queue in this folder."`
}

func (c *devCommand) Run(ctx context.Context, w *world) error {
	if err := c.checkPorts(ctx); err != nil { // before anything is started
		return err
	}
	tried := playground.New(w.codecs)
	durable, err := c.durable()
	if err != nil {
		return err
	}
	defer durable.Close()
	notes, out, bridge := &console.Notes{}, devlines.New(w.stdout), &reload.Bridge{}
	stage := trial.NewStage(transform.New(), trial.Options{})
	requests, watch := c.recorder(w, stage), &reload.Reloader{Out: out}
	azure, err := withPage(emulator.Config{
		Listen: local(c.EmulatorPort), Console: local(c.ConsolePort), RetryAfter: c.RetryAfter,
		WatchMessages: out.Message,
	}, console.Options{Bridge: "http://" + local(c.Port), Notes: notes, Playground: tried, Requests: requests.API(),
		Queue: durable.Page(), Configuration: watch})
	if err != nil {
		return err
	}
	if err := restore(azure, c.Init); err != nil {
		return err
	}
	if err := azure.Listen(ctx); err != nil {
		return err
	}
	defer func() { _ = azure.Close() }()

	config, err := devConfig(durable.Environ(w.environ), azure, w.codecs)
	if err != nil {
		return err
	}
	level := max(config.LogLevel, slog.LevelWarn)
	text := slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: level})
	log := slog.New(devlines.WithoutRequests{Handler: text})
	transport := azure.Transport()
	defer transport.CloseIdleConnections()
	toClouds, _ := function.Transports(config) // they are not emulated
	queue, err := durable.Open(ctx, config, log)
	if err != nil {
		return err
	}
	watch.Take = func(config *function.Config) error {
		t, options, err := trial.Load(w.environ, w.getenv("CONFIG"), function.WithCodecs(w.codecs))
		if err != nil { // the configuration before it stays, everywhere
			return err
		}
		service := function.New(config, function.Dependencies{
			DPS: requests.Transport(transport), Hub: requests.Transport(transport), Pushes: toClouds, Queue: queue,
			Log: log,
			Observe: func(d function.Delivery) {
				notes.Add(d.Message.DeviceID, d.Message.MessageID, d.Source, d.Hub, d.Took)
				out.Delivered(d)
			}, Finished: requests.Finished(out.Finished)})
		service.Start(ctx)
		stage.Use(t, options)
		tried.Use(t, options)
		bridge.Use(service, service.Close)
		return nil
	}
	if err := watch.Take(config); err != nil {
		return err
	}
	defer bridge.Close()
	watch.Path = cmp.Or(w.getenv("CONFIG"), "mayfly.yaml")
	watch.Report = func() *function.ConfigReport {
		return function.CheckFile(w.environ, w.getenv("CONFIG"), function.WithCodecs(w.codecs))
	}
	watch.Load = func() (*function.Config, error) { return devConfig(durable.Environ(w.environ), azure, w.codecs) }
	watch.Start(ctx)
	found, named := watch.Found()
	return function.Serve(ctx, function.ServeOptions{
		Host: function.HostServer, Addr: local(c.Port), RequestTimeout: config.RequestTimeout, Log: log,
		ShutdownTimeout: shutdownTimeout, MaxHead: c.maxHead(),
		Ready: func(addr net.Addr) {
			requests.Listening(addr.String())
			out.Welcome(addr.String(), azure, found, named)
		},
	}, requests.Handler(bridge))
}

// durable is the queue; nil where none is wanted.
func (c *devCommand) durable() (*devqueue.Durable, error) {
	if !c.Durable && c.Queue == "" {
		return nil, nil
	}
	return devqueue.New(c.Queue)
}

// maxHead is the limit of the server for heads; 0 is that of the bridge.
func (c *devCommand) maxHead() int {
	if c.NoRecord {
		return 0
	}
	return head.MaxSeen
}

// recorder keeps the requests that come in; nil where nobody wants that.
func (c *devCommand) recorder(w *world, stage *trial.Stage) *recorder.Recorder {
	if c.NoRecord {
		return nil
	}
	return recorder.New(recorder.Options{Explain: stage, Config: recorder.ConfigFile(w.getenv("CONFIG"))})
}

// checkPorts reports ports that are used twice or are in use, with the flag that changes them.
func (c *devCommand) checkPorts(ctx context.Context) error {
	ports := []struct {
		flag string
		port uint16
	}{{"--port", c.Port}, {"--emulator-port", c.EmulatorPort}, {"--console-port", c.ConsolePort}}
	flags := map[uint16]string{}
	for _, p := range ports {
		if other := flags[p.port]; other != "" && p.port != 0 {
			return fmt.Errorf("port %d is used twice; choose another one with %s or %s", p.port, other, p.flag)
		}
		flags[p.port] = p.flag
	}
	for _, p := range ports {
		if err := checkPort(ctx, p.flag, p.port); err != nil {
			return err
		}
	}
	return nil
}

func checkPort(ctx context.Context, flag string, port uint16) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", local(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %d is in use by another program; choose another one with %s", port, flag)
	case err != nil:
		return fmt.Errorf("port %d (%s): %w", port, flag, err)
	}
	return listener.Close()
}

func local(port uint16) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))) }

// devConfig is the caller's configuration, with the emulator in place of Azure.
func devConfig(environ []string, azure *emulator.Emulator, codecs codec.Engine) (*function.Config, error) {
	environ = append(without(environ, "GROUP_KEY_SECONDARY", "IOTC_KEY_URL", "DEVICE_KEYS", "DEVICE_CERTS", "DEVICE_CA",
		"DPS_ENDPOINT", "HUB_HINT", "API_KEYS", "AWS_LAMBDA_RUNTIME_API", "FUNCTIONS_CUSTOMHANDLER_PORT"),
		"ID_SCOPE="+azure.IDScope(), "GROUP_KEY="+azure.GroupKey(), "AUTH=none")
	config, err := function.LoadConfig(environ, function.WithCodecs(codecs))
	if wrong, ok := errors.AsType[function.FaultsError](err); ok && len(wrong) == 1 && wrong[0].Variable == "AUTH" {
		// The file has callers: whoever tries it wants them to be authenticated.
		return function.LoadConfig(append(environ, "AUTH=keys"), function.WithCodecs(codecs))
	}
	return config, err
}
