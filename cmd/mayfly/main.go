package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// cli is the command line. The help of each command is its method Help.
type cli struct {
	Dev      devCommand      `cmd:"" help:"Run the bridge with an emulator of DPS and IoT Hub on this machine."`
	Emulator emulatorCommand `cmd:"" help:"Run DPS and IoT hubs alone, for devices of any make."`
	Check    checkCommand    `cmd:"" help:"Prove the configuration and the samples of all sources."`
	Try      tryCommand      `cmd:"" help:"Show what a source makes of a body; nothing is sent."`
	Codec    codecCommand    `cmd:"" help:"Test what decodes the bytes of a device."`
	Send     sendCommand     `cmd:"" help:"Send one message; the device is provisioned if it has to be."`
	Replay   replayCommand   `cmd:"" help:"Send a file of messages, and go on where it stopped."`
	Keys     keysCommand     `cmd:"" help:"Make keys for callers, and derive keys of devices."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// world is what a command works with.
type world struct {
	environ        []string
	stdout, stderr io.Writer
}

// run is main without the process: exit code 0 is good, 1 failed, 2 was asked
// wrongly.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("mayfly"),
		kong.Description("HTTP telemetry into Azure IoT, on this machine."),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(stderr, "mayfly:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "mayfly: %v\nTry: mayfly --help\n", err)
		return 2
	}
	if err := parsed.Run(&world{environ: environ, stdout: stdout, stderr: stderr}); err != nil {
		fmt.Fprintln(stderr, "mayfly:", err)
		return 1
	}
	return 0
}

type versionCommand struct{}

func (versionCommand) Run(w *world) error {
	info, ok := debug.ReadBuildInfo()
	version := "unknown"
	if ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	_, err := fmt.Fprintln(w.stdout, "mayfly", version)
	return err
}
