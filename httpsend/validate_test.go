package httpsend_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/httpsend"
)

// unused is a transport that must not be used.
func unused(t *testing.T) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		t.Error("a call was made")
		return nil, errors.New("unused")
	}
}

// What is wrong with a target or an event is told at once, and costs no call.
func TestInvalidIsNotSent(t *testing.T) {
	t.Parallel()
	body := []byte("{}")
	long := strings.Repeat("a", 129)
	target := func(change func(*httpsend.Target)) httpsend.Target {
		t := httpsend.Target{Hub: "my-hub.azure-devices.net", DeviceID: "dev-1", Key: key(t)}
		change(&t)
		return t
	}
	hub := func(name string) httpsend.Target { return target(func(t *httpsend.Target) { t.Hub = name }) }
	device := func(id string) httpsend.Target { return target(func(t *httpsend.Target) { t.DeviceID = id }) }
	property := func(name string) httpsend.Event {
		return httpsend.Event{Body: body, Properties: map[string]string{"good": "1", name: "2"}}
	}
	good := target(func(*httpsend.Target) {})
	tests := []struct {
		name      string
		target    httpsend.Target
		event     httpsend.Event
		userAgent string
		want      string // in the error
	}{
		{"no hub", hub(""), httpsend.Event{}, "", "not a host name"},
		{"hub with a scheme", hub("https://h"), httpsend.Event{}, "", "not a host name"},
		{"hub with a path", hub("h/x"), httpsend.Event{}, "", "not a host name"},
		{"hub with a space", hub("my hub"), httpsend.Event{}, "", "not a host name"},
		{"hub with a line feed", hub("h\n"), httpsend.Event{}, "", "not a host name"},
		{"no device id", device(""), httpsend.Event{}, "", "device id"},
		{"device id with a slash", device("a/b"), httpsend.Event{}, "", "device id"},
		{"device id with a space", device("a b"), httpsend.Event{}, "", "device id"},
		{"device id with a line feed", device("a\nb"), httpsend.Event{}, "", "device id"},
		{"device id of a path", device(".."), httpsend.Event{}, "", "device id"},
		{"device id of a path, one dot", device("."), httpsend.Event{}, "", "device id"},
		{"device id over 128 characters", device(long), httpsend.Event{}, "", "device id"},
		{"no credential", target(func(t *httpsend.Target) { t.Key = httpsend.Key{} }), httpsend.Event{}, "",
			"neither a key nor"},
		{"property name with a space", good, property("my name"), "", `"my name"`},
		{"property name with a colon", good, property("a:b"), "", `"a:b"`},
		{"property name with a line feed", good, property("a\r\nb"), "", `"a b"`},
		{"property name beyond ASCII", good, property("größe"), "", `"größe"`},
		{"no property name", good, property(""), "", `""`},
		{"property that the component says", good,
			httpsend.Event{Component: "c", Properties: map[string]string{"$.SUB": "d"}}, "", `"$.SUB"`},
		{"properties that differ in case", good,
			httpsend.Event{Properties: map[string]string{"Rssi": "1", "rssi": "2"}}, "", `"rssi"`},
		{"content type with a line feed", good, httpsend.Event{ContentType: "text/plain\n"}, "", "content type"},
		{"content type beyond ASCII", good, httpsend.Event{ContentType: "téxt"}, "", "content type"},
		{"content encoding with a line feed", good, httpsend.Event{ContentEncoding: "utf-8\n"}, "", "content encoding"},
		{"message id over 128 characters", good, httpsend.Event{MessageID: long}, "", "message id"},
		{"correlation id over 128 characters", good, httpsend.Event{CorrelationID: long}, "", "correlation id"},
		{"user agent with a line feed", good, httpsend.Event{}, "x\ny", "user agent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := &httpsend.Client{Transport: unused(t), UserAgent: tt.userAgent}
			two := []httpsend.Event{{Body: body}, tt.event}
			for form, err := range map[string]error{
				"Send":      client.Send(t.Context(), tt.target, tt.event),
				"Send of 2": client.Send(t.Context(), tt.target, two...),
				"SendBatch": client.SendBatch(t.Context(), tt.target, two),
			} {
				if !errors.Is(err, httpsend.Invalid) || !strings.Contains(err.Error(), tt.want) ||
					failure(t, err).Tries != 0 {
					t.Errorf("%s: %v", form, err)
				}
				if strings.ContainsAny(err.Error(), "\r\n") {
					t.Errorf("%s: an error of several lines: %q", form, err)
				}
			}
		})
	}
}

// All that a hub's documents allow goes out.
func TestValidIsSent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		hub    string
		device string
		event  httpsend.Event
	}{
		{"a port", "127.0.0.1:8443", "d", httpsend.Event{}},
		{"all characters of a device id", "h", "aZ09-.+%_#*?!(),:=@;$'", httpsend.Event{}},
		{"a device id of 128 characters", "h", strings.Repeat("a", 128), httpsend.Event{}},
		{"all characters of a property name", "h", "d",
			httpsend.Event{Properties: map[string]string{"aZ09!#$%&'*+-.^_`|~": "any \x00 völue"}}},
		{"ids of 128 characters", "h", "d",
			httpsend.Event{MessageID: strings.Repeat("a", 128), CorrelationID: strings.Repeat("a", 128)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := &httpsend.Client{Transport: answers(204, "")}
			target := httpsend.Target{Hub: tt.hub, DeviceID: tt.device, Key: key(t)}
			if err := client.Send(t.Context(), target, tt.event); err != nil {
				t.Error(err)
			}
		})
	}
}

// One caller's mistake is not the hub's outage.
func TestInvalidDoesNotOpenTheCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := &httpsend.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			calls++
			return answers(204, "")(r)
		})}
		target := testTarget(t)
		bad := httpsend.Event{Properties: map[string]string{"a b": "c"}}
		for range 20 {
			if err := client.Send(t.Context(), target, bad); !errors.Is(err, httpsend.Invalid) {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if err := client.Send(t.Context(), target, httpsend.Event{}); err != nil || calls != 1 {
			t.Errorf("%v, %d calls", err, calls)
		}
	})
}

// A hub that does not take one device's certificate is up for the others.
func TestRefusedCertificateDoesNotOpenTheCircuit(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	client := &httpsend.Client{
		Tries: 1, Transport: server.Client().Transport,
		Now: func() time.Time { clock = clock.Add(time.Second); return clock },
	}
	cert := server.TLS.Certificates[0] // any that the server's CAs have not signed
	target := httpsend.Target{Hub: server.Listener.Addr().String(), DeviceID: "d", Certificate: &cert}
	for range 20 {
		if err := client.Send(t.Context(), target, httpsend.Event{}); !errors.Is(err, httpsend.Unavailable) {
			t.Fatal(err)
		}
	}
}

// Nothing to send is no reason for a call, or for an error.
func TestNoEvents(t *testing.T) {
	t.Parallel()
	client := &httpsend.Client{Transport: unused(t)}
	target := testTarget(t)
	for form, err := range map[string]error{
		"Send":           client.Send(t.Context(), target),
		"SendBatch":      client.SendBatch(t.Context(), target, nil),
		"SendBatch of 0": client.SendBatch(t.Context(), target, []httpsend.Event{}),
	} {
		if err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
	if got := httpsend.Batches(nil); len(got) != 0 {
		t.Errorf("%d batches of no events", len(got))
	}
}
