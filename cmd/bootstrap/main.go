package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"mayfly/function"
	"mayfly/internal/codecworker"
	"mayfly/internal/logwriter"
)

func main() {
	codecworker.Main() // before anything else: a worker is this program, too
	// Nearly everything that a message allocates is garbage when it is answered, in a heap of a few megabytes.
	// Collecting half as often saves an eighth of the CPU time per message.
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(200)
	}
	if err := run(os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mayfly:", err)
		os.Exit(1)
	}
}

func run(environ []string, stdout io.Writer) error {
	sizes, from := function.DetectSizes(os.Getenv, os.DirFS("/"))
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set && sizes.Heap > 0 {
		debug.SetMemoryLimit(sizes.Heap)
	}
	codecs := codecworker.New(codecworker.Options{Workers: sizes.Workers, Memory: sizes.WorkerMemory})
	defer codecs.Close()
	config, err := function.LoadConfig(environ, function.WithCodecs(codecs))
	if err != nil {
		return err
	}
	// The reader of the log may go away or stop reading; neither may end the service.
	signal.Ignore(syscall.SIGPIPE)
	out := logwriter.New(stdout, logwriter.Options{Dropped: func(lines int) []byte {
		var b bytes.Buffer
		function.NewLog(config, &b).Warn("log lines dropped: nobody read them", "lines", lines)
		return b.Bytes()
	}})
	defer func() { _ = out.Close() }()
	log := function.NewLog(config, out)
	slog.SetDefault(log)
	ctx := context.Background()
	if config.Host != function.HostLambda { // Lambda sends no signals, and a cold start counts
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop) // a second signal ends the process at once
	}
	toDPS, toHub := function.Transports(config)
	waiting, err := function.OpenQueue(ctx, config, log)
	if err != nil {
		return err
	}
	if waiting != nil {
		defer func() { _ = waiting.Close() }()
	}
	service := function.New(config, function.Dependencies{
		DPS: toDPS, Hub: toHub, Log: log, Sizes: &sizes, MetricLines: out, Queue: waiting,
		Around: func() function.Around {
			workers, queue := codecs.Stats()
			return function.Around{CodecWorkers: workers, CodecQueue: queue, LogLinesDropped: out.Dropped()}
		},
	})
	defer service.Close()
	sizes = service.Sizes()
	logBounds := func() {
		log.Info("bounds", "memory", sizes.Memory, "from", from, "heap", debug.SetMemoryLimit(-1),
			"working", sizes.Working, "bodies", sizes.Bodies, "unauthenticated", sizes.Unauthenticated,
			"inFlight", sizes.InFlight, "workers", sizes.Workers, "workerMemory", sizes.WorkerMemory)
	}
	if config.Host == function.HostLambda {
		logBounds()
	}
	if config.Host == function.HostServer {
		service.Start(ctx)
	}
	return function.Serve(ctx, function.ServeOptions{
		Host:           config.Host,
		Addr:           net.JoinHostPort(config.Address, config.Port),
		FunctionsPort:  config.FunctionsPort,
		RequestTimeout: config.RequestTimeout,
		TLS:            function.ServerTLS(config, time.Now),
		Log:            log,
		Ready: func(addr net.Addr) {
			if config.Exposed(addr) {
				log.Warn("AUTH=none: anyone who can reach this address can send for every device",
					"address", addr.String())
			}
			log.Info("listening", "host", config.Host.String(), "address", addr.String(), "auth", string(config.Auth),
				"idScope", config.IDScope)
			logBounds()
		},
	}, service)
}
