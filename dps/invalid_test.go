package dps_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"mayfly/dps"
)

// What cannot be sent as it is costs no call, and no second try.
func TestInvalidIsNotSent(t *testing.T) {
	t.Parallel()
	good := func(change func(*dps.Client, *dps.Device)) (*dps.Client, dps.Device) {
		client := &dps.Client{IDScope: "s", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			t.Error("a call was made")
			return nil, io.EOF
		})}
		device := dps.Device{ID: "dev-1", Key: groupKey(t)}
		change(client, &device)
		return client, device
	}
	tests := []struct {
		name   string
		change func(*dps.Client, *dps.Device)
		want   string // in the error
	}{
		{"no ID scope", func(c *dps.Client, _ *dps.Device) { c.IDScope = "" }, "ID scope is missing"},
		{"no registration id", func(_ *dps.Client, d *dps.Device) { d.ID = "" }, "has 0 characters"},
		{"a registration id of 129 characters", func(_ *dps.Client, d *dps.Device) { d.ID = strings.Repeat("a", 129) },
			"has 129 characters"},
		{"no credential", func(_ *dps.Client, d *dps.Device) { d.Key = dps.Key{} }, "neither a key nor a certificate"},
		{"an empty certificate", func(_ *dps.Client, d *dps.Device) { d.Certificate = &tls.Certificate{} },
			"certificate is empty"},
		{"a certificate without a transport for it", func(_ *dps.Client, d *dps.Device) {
			d.Certificate = &tls.Certificate{Certificate: [][]byte{{1}}}
		}, "cannot present a client certificate"},
		{"a user agent of two lines", func(c *dps.Client, _ *dps.Device) { c.UserAgent = "a\nb" }, "user agent"},
		{"an endpoint of two lines", func(c *dps.Client, _ *dps.Device) { c.Endpoint = "a\nb" },
			"invalid control character"},
		{"a payload that is not JSON", func(_ *dps.Client, d *dps.Device) { d.Payload = []byte("{") }, "payload"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, device := good(tt.change)
			_, err := client.Register(t.Context(), device)
			if !errors.Is(err, dps.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Register: %v", err)
			}
			p := dps.NewProvisioner(client, dps.Options{})
			if _, err := p.Assign(t.Context(), device); !errors.Is(err, dps.Invalid) {
				t.Errorf("Assign: %v", err)
			}
		})
	}
	client, device := good(func(_ *dps.Client, d *dps.Device) { d.ID = strings.Repeat("a", 128) })
	client.Transport = answers(200, `{"status":"assigned","registrationState":{"assignedHub":"h"}}`)
	if _, err := client.Register(t.Context(), device); err != nil {
		t.Errorf("a registration id of 128 characters: %v", err)
	}
}

func TestAcceptHub(t *testing.T) {
	t.Parallel()
	const body = `{"status":"assigned","registrationState":{"assignedHub":"evil.example"}}`
	client := &dps.Client{IDScope: "s", Transport: answers(200, body)}
	device := dps.Device{ID: "dev-1", Key: groupKey(t)}
	if a, err := client.Register(t.Context(), device); err != nil || a.Assignment.Hub != "evil.example" {
		t.Errorf("every host is a hub: %v", err)
	}
	client.AcceptHub = func(hub string) bool { return strings.HasSuffix(hub, ".azure-devices.net") }
	_, err := client.Register(t.Context(), device)
	if !errors.Is(err, dps.Malformed) || !strings.Contains(err.Error(), "evil.example") {
		t.Errorf("got %v", err)
	}
	if _, err := client.Lookup(t.Context(), device); !errors.Is(err, dps.Malformed) {
		t.Errorf("look-up: %v", err)
	}
}

// An answer is read up to 256 KB.
func TestAnswerBound(t *testing.T) {
	t.Parallel()
	device := dps.Device{ID: "dev-1", Key: groupKey(t)}
	for more, want := range map[int]error{0: nil, 1: dps.Unavailable} {
		body := `{"operationId":"o","status":"assigning"}`
		body = strings.Repeat(" ", 262_144-len(body)+more) + body
		client := &dps.Client{IDScope: "s", Transport: answers(202, body)}
		if _, err := client.Register(t.Context(), device); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", len(body), err)
		}
	}
}

// Each kind has a text, works with errors.Is, and tells whether to try again.
func TestKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind      dps.Kind
		text      string
		retryable bool
	}{
		{dps.Unavailable, "unavailable", true},
		{dps.Throttled, "throttled", true},
		{dps.Pending, "still being assigned", true},
		{dps.NotAssigned, "not assigned", false},
		{dps.Unauthorized, "unauthorized", false},
		{dps.NotEnrolled, "not enrolled", false},
		{dps.UnknownScope, "unknown ID scope", false},
		{dps.Refused, "refused", false},
		{dps.Misconfigured, "DPS needs repair", false},
		{dps.Failed, "failed for now", true},
		{dps.Disabled, "disabled", false},
		{dps.Invalid, "invalid request", false},
		{dps.Malformed, "malformed answer", false},
	}
	for _, tt := range tests {
		e := &dps.Error{Op: "register", Device: "dev-1", Kind: tt.kind, Err: io.EOF}
		err := fmt.Errorf("wrapped: %w", e)
		for _, other := range tests {
			if errors.Is(err, other.kind) != (other.kind == tt.kind) {
				t.Errorf("%s is %s: %v", tt.kind, other.kind, errors.Is(err, other.kind))
			}
		}
		if want := "dps register of dev-1: " + tt.text + ": EOF"; e.Error() != want || tt.kind.Error() != tt.text {
			t.Errorf("%s, want %s", e, want)
		}
		if e.Retryable() != tt.retryable || !errors.Is(err, io.EOF) {
			t.Errorf("%s: retryable %v", tt.kind, e.Retryable())
		}
	}
}

// A device is the same one with the same credential.
func TestSame(t *testing.T) {
	t.Parallel()
	key := groupKey(t)
	cert := func(der ...byte) *tls.Certificate { return &tls.Certificate{Certificate: [][]byte{der}} }
	a := dps.Device{ID: "a", Key: key, SecondaryKey: key.Derive("x")}
	tests := []struct {
		name string
		a, b dps.Device
		want bool
	}{
		{"the same", a,
			dps.Device{ID: "a", Key: groupKey(t), SecondaryKey: groupKey(t).Derive("x"), Payload: []byte("{}")},
			true},
		{"another id", a, dps.Device{ID: "b", Key: key, SecondaryKey: a.SecondaryKey}, false},
		{"another key", a, dps.Device{ID: "a", Key: key.Derive("y"), SecondaryKey: a.SecondaryKey}, false},
		{"another secondary key", a, dps.Device{ID: "a", Key: key}, false},
		{"the same certificate", dps.Device{Certificate: cert(1)}, dps.Device{Certificate: cert(1)}, true},
		{"another certificate", dps.Device{Certificate: cert(1)}, dps.Device{Certificate: cert(2)}, false},
		{"no certificate", dps.Device{Certificate: cert(1)}, dps.Device{}, false},
		{"an empty certificate", dps.Device{Certificate: cert(1)}, dps.Device{Certificate: &tls.Certificate{}}, false},
	}
	for _, tt := range tests {
		if tt.a.Same(tt.b) != tt.want || tt.b.Same(tt.a) != tt.want {
			t.Errorf("%s: %v", tt.name, tt.a.Same(tt.b))
		}
	}
}
