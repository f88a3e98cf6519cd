package egress

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// A proxy of the environment is used wherever it is, and is no way to itself or to addresses that are not public.
func TestProxy(t *testing.T) {
	t.Parallel()
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Host)
	}))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	guard(transport, &net.Dialer{}, func(*http.Request) (*url.URL, error) { return at, nil })
	for _, tt := range []struct {
		url     string
		allowed bool
	}{
		{"http://service.example/", true},
		{"http://192.0.2.7/", false},
		{"http://10.0.0.1/", false},
		{"http://[::ffff:169.254.169.254]/", false},
		{proxy.URL + "/", false},
		{"http://other.example:8080/", true},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := transport.RoundTrip(r)
		if err == nil {
			_ = res.Body.Close()
		}
		if (err == nil) != tt.allowed || err != nil && !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: %v", tt.url, err)
		}
	}
	if len(asked) != 2 || asked[0] != "service.example" || asked[1] != "other.example:8080" {
		t.Errorf("the proxy was asked for %q", asked)
	}
}
