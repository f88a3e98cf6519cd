package main

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"mayfly/emulator"
	"mayfly/function"
)

// serveBridge runs a bridge in front of an emulator.
func serveBridge(t *testing.T, azure *emulator.Emulator) *httptest.Server {
	t.Helper()
	config, err := function.LoadConfig([]string{"ID_SCOPE=" + azure.IDScope(), "GROUP_KEY=" + azure.GroupKey(), "AUTH=none"})
	if err != nil {
		t.Fatal(err)
	}
	transport := azure.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	server := httptest.NewServer(function.New(config, function.Dependencies{DPS: transport, Hub: transport, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(server.Close)
	return server
}
