package delivery_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/delivery"
	"mayfly/httpsend"
	"mayfly/transform/message"
)

// Where neither the hub nor DPS can be reached, the failure is that of the one who
// was asked first and stands in the way.
func TestWhoseFailure(t *testing.T) {
	t.Parallel()
	const hint = "h1.azure-devices.net"
	lost := func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	noName := func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{Name: "h", IsNotFound: true} }
	status := func(status int, body string) roundTrip {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{},
			}, nil
		}
	}
	assigned := status(200, `{"status":"assigned","assignedHub":"h1.azure-devices.net",`+
		`"registrationState":{"assignedHub":"h1.azure-devices.net"}}`)
	for name, tt := range map[string]struct {
		hint     string
		dps, hub roundTrip
		want     error
	}{
		"DPS":                                {"", lost, status(204, ""), dps.Unavailable},
		"the hub":                            {"", assigned, lost, httpsend.Unavailable},
		"the hub's name":                     {"", assigned, noName, httpsend.NotHere},
		"the likely hub, and DPS":            {hint, lost, lost, httpsend.Unavailable},
		"the likely hub, and DPS refuses":    {hint, status(401, `{}`), lost, dps.Unauthorized},
		"not at the likely hub, and DPS":     {hint, lost, status(404, `{}`), dps.Unavailable},
		"no name of the likely hub, and DPS": {hint, lost, noName, dps.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := delivererAt(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, "/registrations/") {
						return tt.dps(r)
					}
					return tt.hub(r)
				}), tt.hint)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				err := d.Deliver(ctx, &delivery.Request{
					Arrived: time.Now(), AnswerBy: time.Now().Add(5 * time.Second),
					Messages: []message.Message{{DeviceID: "d", Body: []byte("{}"), MessageID: "1"}},
				}).Results[0]
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}
