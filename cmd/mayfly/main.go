package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"mayfly/cmd/mayfly/internal/completion"
	"mayfly/cmd/mayfly/internal/explain"
	"mayfly/cmd/mayfly/internal/newsource"
	"mayfly/cmd/mayfly/internal/tail"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/cmd/mayfly/internal/trigger"
	"mayfly/internal/codecworker"
	"mayfly/transform/codec"
)

func main() {
	codecworker.Main() // before anything else: a worker is this program, too
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	codecs := codecworker.New(codecworker.Options{})
	w := &world{environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, codecs: codecs}
	code := w.run(ctx, os.Args[1:])
	codecs.Close()
	stop()
	os.Exit(code)
}

// cli is the command line. The long help of a command is its method Help.
type cli struct {
	Init       initCommand       `cmd:"" help:"Write the files of a new installation."`
	Dev        devCommand        `cmd:"" help:"Run the bridge with an emulator of DPS and IoT Hub on this machine."`
	Emulator   emulatorCommand   `cmd:"" help:"Run DPS and IoT hubs alone, for any device that speaks HTTPS."`
	Check      checkCommand      `cmd:"" help:"Check the configuration and the samples of all sources."`
	Pack       packCommand       `cmd:"" help:"Copy the program, the configuration and all its files into one folder."`
	Try        tryCommand        `cmd:"" help:"Show what a source makes of a body; nothing is sent."`
	Source     newsource.Group   `cmd:"" help:"Write sources for senders that have none."`
	Codec      codecCommand      `cmd:"" help:"Test the codecs that decode the bytes of devices."`
	Send       sendCommand       `cmd:"" help:"Send one message; the device is provisioned if it has to be."`
	Trigger    trigger.Command   `cmd:"" help:"Send a sample of a source, as its sender would."`
	Replay     replayCommand     `cmd:"" help:"Send a file of messages, and continue where it was stopped."`
	Dead       deadCommand       `cmd:"" name:"dead-letters" help:"Look after what a queue could not deliver."`
	Keys       keysCommand       `cmd:"" help:"Create keys for callers, and derive keys of devices."`
	Template   templateCommand   `cmd:"" help:"Check, try and write device templates (DTDL)."`
	Schema     schemaCommand     `cmd:"" help:"Print the JSON Schema of mayfly.yaml, for editors."`
	OpenAPI    openapiCommand    `cmd:"" name:"openapi" help:"Print the HTTP contract, OpenAPI 3.1."`
	Tail       tail.Command      `cmd:"" help:"Follow requests and events of mayfly dev, or the log of a bridge."`
	Explain    explain.Command   `cmd:"" help:"Say what a code, an answer or a line of the log means."`
	Doctor     doctorCommand     `cmd:"" help:"Try the configuration against the real DPS and hub, step by step."`
	Devices    devicesCommand    `cmd:"" help:"Write files that create many devices at once in Azure."`
	Completion completionCommand `cmd:"" help:"Print the completion script for a shell."`
	Help       helpCommand       `cmd:"" help:"Show the help of a command."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// world is what a command works with.
type world struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	codecs         codec.Engine // runs the scripts of sources
}

// tool is the world of the commands in packages of their own.
func (w *world) tool() *tool.World {
	return &tool.World{Environ: w.environ, Stdin: w.stdin, Stdout: w.stdout, Stderr: w.stderr, Codecs: w.codecs}
}

// Exit codes of run.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// run runs a command line. It returns the exit code.
func (w *world) run(ctx context.Context, args []string) int {
	stdout, stderr := w.stdout, w.stderr
	exited := -1
	parser, err := kong.New(&cli{},
		kong.Name("mayfly"),
		kong.Description("HTTP telemetry into Azure IoT, on this machine."),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.Vars{"version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(w, w.tool()),
	)
	if err != nil {
		fmt.Fprintln(stderr, "mayfly:", err)
		return exitFailed
	}
	if len(args) > 0 && args[0] == completion.Command {
		if err := completion.Answer(stdout, parser.Model, args[1:], completionLists(w)); err != nil {
			return exitFailed
		}
		return exitOK
	}
	args = helpArgs(args)
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help or --version
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "mayfly: %v\nTry: mayfly --help\n", err)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(stderr, "mayfly:", err)
		return exitFailed
	}
	return exitOK
}
