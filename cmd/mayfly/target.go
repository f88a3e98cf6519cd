package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/bridge"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/function"
	"mayfly/internal/secret"
)

// target is the bridge that send and replay use: one that is running, or one in this process that is configured by the
// same variables as bootstrap.
type target struct {
	To  string `placeholder:"URL" help:"URL of a running bridge; without it the command needs ID_SCOPE and GROUP_KEY."`
	Key string `placeholder:"KEY" help:"Key for the bridge, if it wants one; MAYFLY_KEY by default."`
}

// open returns the client of the bridge.
func (t *target) open(w *world) (*bridge.Client, error) {
	if t.To != "" {
		key := t.Key
		if key == "" {
			key = w.getenv("MAYFLY_KEY")
		}
		return &bridge.Client{Base: strings.TrimSuffix(t.To, "/"), Key: key, Transport: http.DefaultTransport}, nil
	}
	environ := without(w.environ, "AWS_LAMBDA_RUNTIME_API", "FUNCTIONS_CUSTOMHANDLER_PORT", "API_KEYS")
	config, err := function.LoadConfig(append(environ, "AUTH=none"))
	if err != nil {
		return nil, tool.Hint(err.Error(), "set the variables, or name a running bridge with --to")
	}
	toDPS, toHub := function.Transports(config)
	service := function.New(config, function.Dependencies{DPS: toDPS, Hub: toHub, Log: slog.New(slog.DiscardHandler)})
	return &bridge.Client{Base: "http://bridge", Transport: bridge.InProcess{Handler: service}}, nil
}

// secrets loads references with the caller's identity.
func (w *world) secrets() *secret.Loader {
	return &secret.Loader{Transport: http.DefaultTransport, Getenv: w.getenv, Now: time.Now}
}

func (w *world) getenv(name string) string { return w.tool().Getenv(name) }

// without returns the environment without some variables.
func without(environ []string, names ...string) []string {
	var kept []string
	for _, v := range environ {
		drop := false
		for _, name := range names {
			drop = drop || strings.HasPrefix(v, name+"=")
		}
		if !drop {
			kept = append(kept, v)
		}
	}
	return kept
}
