package egress_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"mayfly/internal/egress"
)

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:4700::1111": true, "::ffff:1.1.1.1": true,
		"64:ff9b::101:101": true, "2002:101:101::1": true, "168.63.129.17": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "::": false,
		"0.1.2.3": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"::ffff:10.0.0.1": false, "fd00:ec2::254": false, "fc00::1": false, "169.254.169.254": false,
		"::ffff:169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "ff02::1": false, "224.0.0.1": false,
		"255.255.255.255": false, "240.0.0.1": false, "100.100.100.200": false, "168.63.129.16": false,
		"192.0.0.192": false, "198.18.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"2002:7f00:1::": false, "2002:a9fe:a9fe::1": false, "::7f00:1": false, "::a9fe:a9fe": false, "fec0::1": false,
		"2001::1": false, "2001:db8::1": false,
	} {
		if got := egress.IsPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
	if egress.IsPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// A server on this machine is only reached where that is allowed, however its address is written.
func TestTransport(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	get := func(transport *http.Transport, host string) error {
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+":"+port, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := transport.RoundTrip(r)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"} {
		if err := get(egress.Transport(egress.Options{}), host); !errors.Is(err, egress.ErrNotPublic) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if calls > 0 {
		t.Errorf("%d calls came through", calls)
	}
	if err := get(egress.Transport(egress.Options{Private: true}), "127.0.0.1"); err != nil || calls != 1 {
		t.Errorf("allowed: %v, %d calls", err, calls)
	}
}
