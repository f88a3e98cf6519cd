package dps_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/dps"
)

func TestObserve(t *testing.T) {
	t.Parallel()
	const assigned = `{"status":"assigned","assignedHub":"h.azure-devices.net",` +
		`"registrationState":{"assignedHub":"h.azure-devices.net"}}`
	for name, tt := range map[string]struct {
		answer roundTrip
		want   string
	}{
		"assigned":  {answers(200, assigned), "200"},
		"refused":   {answers(401, `{"errorCode":401002,"trackingId":"T1"}`), "401 T1"},
		"no answer": {func(*http.Request) (*http.Response, error) { return nil, io.EOF }, "0 "},
		"no JSON":   {answers(200, "<html>"), "200 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls, sent []string
			client := &dps.Client{
				IDScope: "0ne00000001",
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					sent = append(sent, r.Header["Traceparent"]...)
					return tt.answer(r)
				}),
				Observe: func(_ context.Context, c dps.Call, header http.Header) func(*http.Response, *dps.Error) {
					header["Traceparent"] = []string{"p"}
					if want := (dps.Call{Op: "look-up", Device: "d1", Host: dps.GlobalEndpoint}); c != want {
						t.Errorf("observed %v, want %v", c, want)
					}
					return func(res *http.Response, err *dps.Error) {
						status, tracking := 0, ""
						if res != nil {
							status = res.StatusCode
						}
						if err != nil {
							tracking = " " + err.TrackingID
						}
						calls = append(calls, fmt.Sprintf("%d%s", status, tracking))
					}
				},
			}
			_, _ = client.Lookup(t.Context(), dps.Device{ID: "d1", Key: groupKey(t).Derive("d1")})
			if diff := cmp.Diff([]string{tt.want}, calls); diff != "" {
				t.Error(diff)
			}
			if strings.Join(sent, " ") != "p" {
				t.Errorf("the observer's header was sent as %q", sent)
			}
		})
	}
}
