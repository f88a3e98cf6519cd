//go:build azure

package emulator_test

import (
	"cmp"
	"net/http"
	"os"
	"testing"
)

// TestConformanceOfAzure makes the calls of the same table to a live DPS with a group of symmetric keys. It makes one
// device, registers it about five times, and sends it a few events:
//
//	AZURE_ID_SCOPE=0ne... AZURE_GROUP_KEY=... go test -tags azure -run OfAzure -v ./emulator
func TestConformanceOfAzure(t *testing.T) {
	t.Parallel()
	scope, key := os.Getenv("AZURE_ID_SCOPE"), os.Getenv("AZURE_GROUP_KEY")
	if scope == "" || key == "" {
		t.Fatal("AZURE_ID_SCOPE and AZURE_GROUP_KEY must be set")
	}
	conform(t, &tenant{client: &http.Client{}, scope: scope, groupKey: key,
		dps:    cmp.Or(os.Getenv("AZURE_DPS_HOST"), "global.azure-devices-provisioning.net"),
		device: cmp.Or(os.Getenv("AZURE_DEVICE_ID"), "mayfly-conformance")}, false)
}
