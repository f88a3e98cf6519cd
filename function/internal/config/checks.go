package config

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/basepath"
	"mayfly/function/internal/platform"
)

// checkTimes checks the durations and the log's format.
func (c *Config) checkTimes(fault faultFunc) {
	if c.HubIdleTimeout < 0 {
		fault("HUB_IDLE_TIMEOUT", "must not be negative")
	}
	if c.DedupWindow < 0 || c.DedupWindow > 24*time.Hour {
		fault("DEDUP_WINDOW", "must be from 0 to 24h")
	}
	if c.RequestTimeout < time.Second || c.RequestTimeout > 15*time.Minute {
		fault("REQUEST_TIMEOUT", "must be from 1s to 15m, it is %s", c.RequestTimeout)
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		fault("LOG_FORMAT", "must be json or text, not %q", c.LogFormat)
	}
	if !metricsNamespace(c.MetricsNamespace) {
		fault("METRICS_NAMESPACE", "must be 1 to 255 letters, digits and characters of ._-/#:, and not begin with "+
			"AWS/ or a colon, as in Mayfly")
	}
}

// metricsNamespace tells whether CloudWatch takes a name for a namespace (Amazon CloudWatch API, PutMetricData).
func metricsNamespace(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("._-/#:", r) && (r > 'z' || !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != "" && len(name) <= 255 && name[0] != ':' && !strings.HasPrefix(name, "AWS/")
}

// checkAuth checks who authenticates the callers.
func (c *Config) checkAuth(fault faultFunc) {
	switch c.Auth {
	case "":
		if c.Host == platform.Functions {
			c.Auth = policy.ModePlatform
			return
		}
		fault(
			"AUTH",
			"is missing: say keys (with API_KEYS, or callers in the configuration file), platform (something in "+
				"front checks the callers), or none",
		)
	case policy.ModeKeys, policy.ModePlatform, policy.ModeNone:
	default:
		fault("AUTH", "must be keys, platform or none, not %q", string(c.Auth))
	}
}

// checkAddress checks where the plain server listens.
func (c *Config) checkAddress(fault faultFunc) {
	if n, err := strconv.Atoi(c.Port); err != nil || n < 0 || n > 65535 {
		fault("PORT", "must be a port number, from 0 to 65535")
	}
	if c.Address != "" && !hostName(c.Address) && net.ParseIP(strings.Trim(c.Address, "[]")) == nil {
		fault("HOST", "must be a name or an address, as in 127.0.0.1")
	}
	base, err := basepath.Parse(c.BasePath)
	if err != nil {
		fault("BASE_PATH", "%v", err)
	}
	c.BasePath = base
	if c.Host == platform.Functions {
		if n, err := strconv.Atoi(c.FunctionsPort); err != nil || n < 1 || n > 65535 {
			fault(platform.EnvFunctions, "must be a port number; the Functions host sets it")
		}
	}
}

// checkLimits checks the bounds of requests.
func (c *Config) checkLimits(fault faultFunc) {
	if c.BodyLimit < 1 || c.BodyLimit > 100<<20 {
		fault("BODY_LIMIT", "must be from 1 to 104857600 bytes")
	}
	if c.MaxInFlight < 1 || c.MaxInFlight > 1_000_000 {
		fault("MAX_IN_FLIGHT", "must be from 1 to 1000000")
	}
	if c.MaxMessages < 1 || c.MaxMessages > 1_000_000 {
		fault("MAX_MESSAGES", "must be from 1 to 1000000")
	}
}

// checkServer checks the proxies in front of the server, and its certificate.
func (c *Config) checkServer(fault faultFunc) {
	var err error
	if c.Proxies, err = policy.ParseNetworks(strings.Split(c.TrustedProxies, ",")); err != nil {
		fault("TRUSTED_PROXIES", "%v", err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		fault("TLS_CERT", "and TLS_KEY must be set together")
	} else if c.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			fault("TLS_CERT", "and TLS_KEY are not a pair: %v", err)
		}
	}
}

// Who may read the contract: /openapi.json and /docs.
const (
	APIDocsPublic  = "public"  // everybody; sources of the file only callers
	APIDocsCallers = "callers" // callers
	APIDocsOff     = "off"     // nobody
)

func (c *Config) checkAPIDocs(fault faultFunc) {
	switch c.APIDocs {
	case APIDocsPublic, APIDocsCallers, APIDocsOff:
	default:
		fault("API_DOCS", "must be public, callers or off, not %q", c.APIDocs)
	}
}

// validEndpoint accepts what a DPS endpoint may be: a host, or an https URL.
func validEndpoint(text string) bool {
	if !strings.Contains(text, "://") {
		return hostName(text)
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" &&
		strings.Trim(u.Path, "/") == ""
}

// hostName accepts a host name or an address, with an optional port.
func hostName(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = text, ""
	}
	if host == "" || len(host) > 253 || strings.Trim(port, "0123456789") != "" {
		return false
	}
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == "" ||
		net.ParseIP(host) != nil
}

func plainScope(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
