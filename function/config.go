package function

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/internal/secret"
	"mayfly/transform"
)

// Config is what the environment says. The table of variables in the README is
// made from it.
type Config struct {
	IDScope           string        `env:"ID_SCOPE" doc:"DPS ID scope (name kept from Microsoft's bridge)"`
	GroupKey          secret.Text   `env:"GROUP_KEY" doc:"enrollment group's key, base64: the value, or a reference: file:PATH, a Key Vault secret URL, a Secrets Manager or SSM parameter ARN"`
	GroupKeySecondary secret.Text   `env:"GROUP_KEY_SECONDARY" doc:"the group's other key, likewise; tried where DPS refuses the first"`
	KeyURL            string        `env:"IOTC_KEY_URL" doc:"Key Vault secret URL of the group's key (name kept from Microsoft's bridge)"`
	DeviceKeys        secret.Text   `env:"DEVICE_KEYS" doc:"keys of individual enrollments: a reference to YAML or JSON, id: key or id: [primary, secondary]"`
	DeviceCerts       string        `env:"DEVICE_CERTS" doc:"folder with an ID.pem for each device that has a certificate of its own: chain and private key"`
	DeviceCA          secret.Text   `env:"DEVICE_CA" doc:"a CA that is enrolled in DPS and issues short-lived device certificates: a reference to PEM, its certificate first, its chain, its private key"`
	LeafLifetime      time.Duration `env:"LEAF_LIFETIME" envDefault:"24h" doc:"how long a certificate of DEVICE_CA is used"`
	DPSEndpoint       string        `env:"DPS_ENDPOINT" envDefault:"global.azure-devices-provisioning.net" doc:"host, or https URL"`
	ModelID           string        `env:"MODEL_ID" doc:"DTMI sent when a message names none"`
	HubHint           string        `env:"HUB_HINT" doc:"hub to try first for a device that this instance does not know; otherwise learned"`
	HubIdleTimeout    time.Duration `env:"HUB_IDLE_TIMEOUT" envDefault:"10s" doc:"when an idle hub connection is let go; 0 closes it after every send"`
	RequestTimeout    time.Duration `env:"REQUEST_TIMEOUT" envDefault:"30s" doc:"budget of one request outside Lambda"`
	DedupWindow       time.Duration `env:"DEDUP_WINDOW" envDefault:"10m" doc:"how long a stored message id is remembered, so that a resend is answered without being sent again; 0 switches it off"`
	BodyLimit         int64         `env:"BODY_LIMIT" envDefault:"1048576" doc:"largest body in bytes, after decompression"`
	HubSuffixes       string        `env:"HUB_SUFFIXES" doc:"domains of hubs beside .azure-devices.net, .azure-devices.us and .azure-devices.cn, comma-separated; no device's token goes anywhere else"`
	Auth              Auth          `env:"AUTH" doc:"keys (callers with a key, token or certificate), platform (the host checked already), none; platform on Azure, must be said elsewhere"`
	APIKeys           string        `env:"API_KEYS" doc:"for AUTH=keys: comma-separated name=sha256:HEX; the same name twice is one caller with two keys. callers in the configuration file say more"`
	DeviceRate        Rate          `env:"DEVICE_RATE" doc:"messages of one device that an instance takes, as in 10/s, 60/m or 1000/h; no limit when empty"`
	MaxInFlight       int           `env:"MAX_IN_FLIGHT" envDefault:"512" doc:"requests that an instance works on at one time; more are answered 503 at once"`
	MaxMessages       int           `env:"MAX_MESSAGES" envDefault:"5000" doc:"messages of one request"`
	TrustedProxies    string        `env:"TRUSTED_PROXIES" doc:"addresses and ranges of the proxies in front whose X-Forwarded-For is believed, comma-separated; for allowFrom of a source"`
	TLSCert           string        `env:"TLS_CERT" doc:"plain server: file with its certificate and chain, PEM; HTTPS then, read again when it changes"`
	TLSKey            string        `env:"TLS_KEY" doc:"plain server: file with the certificate's private key, PEM"`
	Port              string        `env:"PORT" envDefault:"8080" doc:"plain server"`
	Address           string        `env:"HOST" doc:"plain server; all interfaces when empty"`
	ConfigFile        string        `env:"CONFIG" doc:"path of the configuration file, which has sources of your own, callers and fleets; mayfly.yaml where there is one"`
	ConfirmAWS        bool          `env:"AWS_CONFIRM_DESTINATIONS" envDefault:"false" doc:"confirm to AWS IoT that this endpoint may be a destination of its rules, for as long as one is set up"`
	LogLevel          slog.Level    `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat         string        `env:"LOG_FORMAT" envDefault:"json" doc:"json or text, to stdout"`

	Host          Host   // where the process runs
	FunctionsPort string // of the Functions host

	file       *fileSpec
	fileFailed bool // what it says of callers is not known
	callerKeys []callerKey
	proxies    networks
	suffixes   []string               // of hubs
	fleets     map[string]*Config     // by name; empty for the environment's own
	transform  *transform.Transformer // with the sources of the file
	groupKeys  []secret.Reference     // primary, secondary
	deviceKeys *secret.Reference
	caPEM      *secret.Reference
	getenv     func(string) string
}

// Fault is one thing that is wrong with the configuration.
type Fault struct {
	Variable string
	Problem  string // and what would be right
}

// FaultsError is a configuration that will not do, with all that is wrong.
type FaultsError []Fault

// Error lists the faults, a line each.
func (e FaultsError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration will not do:")
	for _, f := range e {
		b.WriteString("\n  " + f.Variable + ": " + f.Problem)
	}
	return b.String()
}

// LoadConfig reads the configuration from the variables of environ ("A=b"). Its
// error is a FaultsError.
func LoadConfig(environ []string) (*Config, error) {
	vars := variables(environ)
	c := &Config{}
	var faults FaultsError
	fault := func(variable, format string, args ...any) {
		// What could not be read at all is not judged as well.
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Variable == variable }) {
			faults = append(faults, Fault{variable, fmt.Sprintf(format, args...)})
		}
	}
	faults = append(faults, c.read(vars)...)
	c.getenv = func(name string) string { return vars[name] }
	c.Host = DetectHost(c.getenv)
	c.FunctionsPort = vars[envFunctions]
	if err := c.readFile(); err != nil {
		var wrong FaultsError
		if !errors.As(err, &wrong) {
			return nil, err
		}
		faults = append(faults, wrong...)
	}
	c.checkSuffixes(fault)
	inFile := func(place, format string, args ...any) {
		faults = append(faults, Fault{place, fmt.Sprintf(format, args...)})
	}
	c.checkFleets(inFile)
	if c.IDScope != "" || len(c.file.Fleets) == 0 {
		c.checkFleet(fault)
		c.fleets[""] = c
	}
	if c.HubIdleTimeout < 0 {
		fault("HUB_IDLE_TIMEOUT", "must not be negative")
	}
	if c.DedupWindow < 0 || c.DedupWindow > 24*time.Hour {
		fault("DEDUP_WINDOW", "must be from 0 to 24h")
	}
	if c.RequestTimeout < time.Second || c.RequestTimeout > 15*time.Minute {
		fault("REQUEST_TIMEOUT", "must be from 1s to 15m, it is %s", c.RequestTimeout)
	}
	if c.BodyLimit < 1 || c.BodyLimit > 100<<20 {
		fault("BODY_LIMIT", "must be from 1 to 104857600 bytes")
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		fault("LOG_FORMAT", "must be json or text, not %q", c.LogFormat)
	}
	c.checkAddress(fault)
	c.checkLimits(fault)
	c.checkAuth(fault)
	c.checkCallers(inFile)
	c.checkTokens(inFile)
	c.checkCertificates(inFile)
	c.checkSources(inFile)
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Variable, b.Variable) })
		return nil, faults
	}
	return c, nil
}

// Exposed tells whether nobody checks the callers at an address that others can
// reach.
func (c *Config) Exposed(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return c.Auth == AuthNone && !(ok && tcp.IP.IsLoopback())
}

type faultFunc func(variable, format string, args ...any)

// checkKeys reads the references of the credentials. What is on this machine is
// looked at now; what a cloud keeps is fetched when it is first needed.
func (c *Config) checkKeys(fault faultFunc) {
	group := c.GroupKey.Reveal()
	if group == "" && c.KeyURL != "" {
		if ref := c.reference("IOTC_KEY_URL", c.KeyURL, fault, checkKey); ref != nil {
			if ref.Kind() != secret.KeyVault {
				fault("IOTC_KEY_URL", "is no Key Vault secret URL, as in https://VAULT.vault.azure.net/secrets/NAME")
			}
			c.groupKeys = append(c.groupKeys, *ref)
		}
	}
	for _, k := range []struct {
		variable, value string
	}{{"GROUP_KEY", group}, {"GROUP_KEY_SECONDARY", c.GroupKeySecondary.Reveal()}} {
		if ref := c.reference(k.variable, k.value, fault, checkKey); ref != nil {
			c.groupKeys = append(c.groupKeys, *ref)
		}
	}
	c.deviceKeys = c.reference("DEVICE_KEYS", c.DeviceKeys.Reveal(), fault, func(text string) error {
		_, err := parseDeviceKeys(text)
		return err
	})
	c.caPEM = c.reference("DEVICE_CA", c.DeviceCA.Reveal(), fault, func(text string) error {
		_, err := parseIssuer(text, c.LeafLifetime)
		return err
	})
	if c.LeafLifetime < time.Hour || c.LeafLifetime > 365*24*time.Hour {
		fault("LEAF_LIFETIME", "must be from 1h to 8760h")
	}
	if c.DeviceCerts != "" {
		if info, err := os.Stat(c.DeviceCerts); err != nil || !info.IsDir() {
			fault("DEVICE_CERTS", "%q is no folder that can be read", c.DeviceCerts)
		}
	}
	if group == "" && c.KeyURL == "" && c.DeviceKeys.Reveal() == "" && c.DeviceCA.Reveal() == "" && c.DeviceCerts == "" {
		fault("GROUP_KEY", "is missing: the primary key of the enrollment group, in IoT Central under Permissions, Device connection groups")
	}
}

func checkKey(text string) error {
	_, err := dps.ParseKey(text)
	return err
}

// reference reads a secret or a reference to one; nil when there is none, or
// when it is wrong.
func (c *Config) reference(variable, value string, fault faultFunc, check func(string) error) *secret.Reference {
	if value == "" {
		return nil
	}
	ref, err := secret.Parse(value)
	if err == nil && (ref.Kind() == secret.Literal || ref.Kind() == secret.File) {
		var text string
		if text, err = (&secret.Loader{}).Load(context.Background(), ref); err == nil {
			err = check(text)
		}
	}
	if err != nil {
		fault(variable, "%v", err)
		return nil
	}
	return &ref
}

func (c *Config) checkAuth(fault faultFunc) {
	switch c.Auth {
	case "":
		if c.Host == HostFunctions {
			c.Auth = AuthPlatform
			return
		}
		fault("AUTH", "is missing: say keys (with API_KEYS, or callers in the configuration file), platform (something in front checks the callers), or none")
	case AuthKeys, AuthPlatform, AuthNone:
	default:
		fault("AUTH", "must be keys, platform or none, not %q", string(c.Auth))
	}
}

// checkAddress looks at where the plain server listens.
func (c *Config) checkAddress(fault faultFunc) {
	if n, err := strconv.Atoi(c.Port); err != nil || n < 0 || n > 65535 {
		fault("PORT", "must be a port number, from 0 to 65535")
	}
	if c.Address != "" && !hostName(c.Address) && net.ParseIP(strings.Trim(c.Address, "[]")) == nil {
		fault("HOST", "must be a name or an address, as in 127.0.0.1")
	}
	if c.Host == HostFunctions {
		if n, err := strconv.Atoi(c.FunctionsPort); err != nil || n < 1 || n > 65535 {
			fault(envFunctions, "must be a port number; the Functions host sets it")
		}
	}
}

// checkLimits looks at the bounds of requests, at the proxies and at the
// server's certificate.
func (c *Config) checkLimits(fault faultFunc) {
	if c.MaxInFlight < 1 || c.MaxInFlight > 1_000_000 {
		fault("MAX_IN_FLIGHT", "must be from 1 to 1000000")
	}
	if c.MaxMessages < 1 || c.MaxMessages > 1_000_000 {
		fault("MAX_MESSAGES", "must be from 1 to 1000000")
	}
	var err error
	if c.proxies, err = parseNetworks(strings.Split(c.TrustedProxies, ",")); err != nil {
		fault("TRUSTED_PROXIES", "%v", err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		fault("TLS_CERT", "and TLS_KEY go together")
	} else if c.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			fault("TLS_CERT", "and TLS_KEY are no pair: %v", err)
		}
	}
}

// validEndpoint accepts what a DPS endpoint may be: a host, or an https URL.
func validEndpoint(text string) bool {
	if !strings.Contains(text, "://") {
		return hostName(text)
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && strings.Trim(u.Path, "/") == ""
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
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == "" || net.ParseIP(host) != nil
}

func plainScope(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
