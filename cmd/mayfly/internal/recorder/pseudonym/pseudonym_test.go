package pseudonym_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder/pseudonym"
)

// TestReplace: an id has the same other name in whatever form it stands.
func TestReplace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, id, body, path, want, wantPath string }{
		{"a name", "pump-17", `{"id":"pump-17","t":17}`, "/api/devices/pump-17/telemetry", `{"id":"device-1","t":17}`,
			"/api/devices/device-1/telemetry"},
		{"an EUI in capitals", "eui-70b3d57ed0001a2b", `{"devEUI":"70B3D57ED0001A2B"}`, "/api/x",
			`{"devEUI":"A000000000000001"}`, "/api/x"},
		{"an EUI with dashes", "70b3d57ed0001a2b", `{"devEUI":"70-B3-D5-7E-D0-00-1A-2B"}`, "/api/x",
			`{"devEUI":"A0-00-00-00-00-00-00-01"}`, "/api/x"},
		{"a number", "imei-356938035643809", `{"imei":356938035643809}`, "/api/x",
			`{"imei":900000000000001}`, "/api/x"},
		{"a short one", "7", `{"id":"7","t":17.7}`, "/api/devices/7/telemetry", `{"id":"device-1","t":17.7}`,
			"/api/devices/device-1/telemetry"},
	} {
		texts, target := []string{tt.id, tt.body, tt.path}, &url.URL{Path: tt.path}
		text, err := pseudonym.Replace(texts, []string{tt.id}, tt.body, target)
		var got []string
		if err == nil {
			err = json.Unmarshal(text, &got)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got[0] == tt.id || got[1] != tt.want || got[2] != tt.wantPath {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
