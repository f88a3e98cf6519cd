package function_test

import (
	"net/http"
	"strings"
	"testing"
)

// The log says once which member was left out for the credential that it carries, and not what it is.
func TestCredentialsInTheLog(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "sources: [{name: mine, deviceId: .id, measurements: .m}]\n", "AUTH=none")
	for _, call := range [][2]string{
		{"/api/devices/dev-1/telemetry", `{"token":"PLANTED","t":1}`},
		{"/api/devices/dev-1/telemetry", `{"token":"PLANTED","t":2}`},
		{"/api/mine", `{"id":"dev-1","m":{"token":"PLANTED","t":3}}`},
	} {
		if got := h.send(http.MethodPost, call[0], call[1]); got != "OK" {
			t.Errorf("%s: %s", call[0], got)
		}
	}
	log := h.log.String()
	if n := strings.Count(log, "token was left out"); n != 2 { // by the route, and by the source
		t.Errorf("it is said %d times:\n%s", n, log)
	}
	if strings.Contains(log, "PLANTED") {
		t.Errorf("the credential is in the log:\n%s", log)
	}
}
