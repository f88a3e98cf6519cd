package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// sight is what was seen of one connection. Addresses are dialed side by side, so several goroutines write it.
type sight struct {
	mu        sync.Mutex
	addresses []string
	remote    string
	state     *tls.ConnectionState
}

func (s *sight) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSDone: func(d httptrace.DNSDoneInfo) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, a := range d.Addrs {
				s.addresses = append(s.addresses, a.String())
			}
		},
		GotConn: func(c httptrace.GotConnInfo) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.remote = c.Conn.RemoteAddr().String()
		},
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err == nil {
				s.state = &state
			}
		},
	}
}

// connect asks a host for its root, with the transport that the bridge uses: any answer will do. It reports the name,
// the connection and, of DPS, the clock.
func (e *examination) connect(
	ctx context.Context, t http.RoundTripper, base, stepName, stepConn, variable string,
) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var s sight
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, s.trace()), http.MethodGet, base, http.NoBody)
	if err != nil {
		e.fault(stepName, fmt.Sprintf("%q is not a URL", base), "a host name or an https URL in "+variable)
		return false
	}
	req.Header.Set("User-Agent", e.UserAgent)
	begin := e.Now()
	answer, err := t.RoundTrip(req)
	after := e.Now()
	host := hostOf(base)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		detail, remedy := explainConnection(err, host, variable)
		e.fault(stepName, detail, remedy)
		e.skip("the name is not known", stepConn)
		return false
	}
	e.reportName(stepName, host, proxyOf(t, req), &s)
	if err != nil {
		detail, remedy := explainConnection(err, host, variable)
		e.fault(stepConn, detail, remedy)
		return false
	}
	_ = answer.Body.Close()
	e.ok(stepConn, "%s", describe(&s, after.Sub(begin)))
	if stepConn == stepDPS {
		e.clock(answer.Header.Get("Date"), begin.Add(after.Sub(begin)/2))
	}
	return true
}

func (e *examination) reportName(step, host, proxy string, s *sight) {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	switch {
	case proxy != "":
		e.ok(step, "left to the proxy %s", proxy)
	case net.ParseIP(strings.Trim(name, "[]")) != nil:
		e.ok(step, "%s is an address", name)
	case len(s.addresses) > 0:
		e.ok(step, "%s is %s", name, strings.Join(s.addresses[:min(len(s.addresses), 4)], ", "))
	default: // a connection that was already there
		e.ok(step, "%s is known", name)
	}
}

func proxyOf(t http.RoundTripper, req *http.Request) string {
	transport, ok := t.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return ""
	}
	u, err := transport.Proxy(req)
	if err != nil || u == nil {
		return ""
	}
	return u.Host // never its user and password
}

func describe(s *sight, took time.Duration) string {
	if s.state == nil || len(s.state.PeerCertificates) == 0 {
		return fmt.Sprintf("answered after %s", rounded(took))
	}
	leaf := s.state.PeerCertificates[0]
	return fmt.Sprintf("%s, certificate of %s until %s; answered after %s", tls.VersionName(s.state.Version),
		leaf.Issuer.CommonName, leaf.NotAfter.UTC().Format(time.DateOnly), rounded(took))
}

// clock compares this machine's clock with DPS's. Tokens end at a time, so a clock that is late makes them useless.
func (e *examination) clock(date string, at time.Time) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		e.skip("DPS did not say what time it is", stepClock)
		return
	}
	e.skew = at.Sub(theirs)
	if e.skew.Abs() <= maxSkew {
		e.ok(stepClock, "as DPS's, within %s", max(time.Second, e.skew.Abs().Round(time.Second)))
		return
	}
	e.fault(stepClock, "this machine's clock is "+skewText(e.skew),
		"set it, best by NTP: tokens end at a time, so DPS and hubs refuse those of a clock that is late")
}

func skewText(skew time.Duration) string {
	if skew < 0 {
		return (-skew).Round(time.Second).String() + " behind DPS's"
	}
	return skew.Round(time.Second).String() + " ahead of DPS's"
}
