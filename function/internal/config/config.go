package config

import (
	"log/slog"
	"net"
	"time"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/lookup"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/otlp"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/ratelimit"
	"mayfly/function/internal/state/redis"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/template"
)

// Config is the configuration: what the environment and the file say, checked.
type Config struct {
	FleetSpec // the environment's own fleet: ID_SCOPE, GROUP_KEY and so on

	// The other variables; see Variables for their meaning.

	RequestTimeout time.Duration `env:"REQUEST_TIMEOUT" envDefault:"30s"`
	BodyLimit      int64         `env:"BODY_LIMIT" envDefault:"1048576"`
	MaxMessages    int           `env:"MAX_MESSAGES" envDefault:"5000"`
	DeviceGet      bool          `env:"DEVICE_GET" envDefault:"true"`
	MaxInFlight    int           `env:"MAX_IN_FLIGHT" envDefault:"512"`

	DeviceRate     ratelimit.Rate `env:"DEVICE_RATE"`
	DedupWindow    time.Duration  `env:"DEDUP_WINDOW" envDefault:"10m"`
	HubIdleTimeout time.Duration  `env:"HUB_IDLE_TIMEOUT" envDefault:"10s"`
	HubSuffixes    string         `env:"HUB_SUFFIXES"`
	LeafLifetime   time.Duration  `env:"LEAF_LIFETIME" envDefault:"24h"`
	KeyURL         string         `env:"IOTC_KEY_URL"`

	Auth           policy.Mode `env:"AUTH"`
	APIKeys        string      `env:"API_KEYS"`
	TrustedProxies string      `env:"TRUSTED_PROXIES"`
	ConfirmAWS     bool        `env:"AWS_CONFIRM_DESTINATIONS" envDefault:"false"`

	Address string `env:"HOST"`
	Port    string `env:"PORT" envDefault:"8080"`
	TLSCert string `env:"TLS_CERT"`
	TLSKey  string `env:"TLS_KEY"`

	otlp.Environment      // OTEL_SDK_DISABLED and so on
	TraceProperties  bool `env:"TRACEPARENT_PROPERTY" envDefault:"false"`

	BasePath string `env:"BASE_PATH"` // with a slash in front and none at the end, or empty

	APIDocs string `env:"API_DOCS" envDefault:"public"` // APIDocsPublic and so on

	TemplateFiles  string          `env:"TEMPLATES"`
	TemplatePolicy template.Policy `env:"TEMPLATE"`

	Durable // QUEUE and so on

	State secret.Text `env:"STATE"`

	ConfigFile string     `env:"CONFIG"`
	LogLevel   slog.Level `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat  string     `env:"LOG_FORMAT" envDefault:"json"`

	Metrics          metrics.Mode `env:"METRICS"`
	MetricsNamespace string       `env:"METRICS_NAMESPACE" envDefault:"Mayfly"`

	Host          platform.Kind // where the process runs
	FunctionsPort string        // of the Functions host

	// What was made of the variables and of the file.
	Transformer  *transform.Transformer // with the sources of the file
	Sources      []Source               // of the file
	Fleets       map[string]Fleet       // by name; empty for the environment's own
	Templates    *template.Set          // nil without any
	Tables       []Table                // of the file
	Rows         *Rows                  // of these, for expressions; nil without any
	Enrich       enrich.Lists
	Reduce       *Reducers            // nil where nothing is reduced
	Lookups      []*lookup.Definition // of the file
	Keys         policy.Keys
	Tokens       []policy.TokenSpec
	Certificates *policy.CertificateSpec
	Proxies      policy.Networks
	Getenv       func(string) string `json:"-"`

	suffixes []string                  // of hubs
	owners   map[string]*policy.Caller // of keys, by name
}

// Load reads the configuration from the variables of environ ("A=b") and the
// file that they name. Its error is a FaultsError.
func Load(environ []string, options ...Option) (*Config, error) {
	vars := environment(environ)
	getenv := func(name string) string { return vars[name] }
	c := &Config{Getenv: getenv, Host: platform.Detect(getenv), FunctionsPort: vars[platform.EnvFunctions]}
	faults := FaultsError(c.readVariables(vars))
	file := c.readFile(options)
	c.checkSuffixes(faults.addFirst)
	c.checkFleets(file, faults.addFirst)
	c.checkTemplates(file, faults.addFirst)
	c.checkEnrichment(file)
	c.checkDurable(file, faults.addFirst)
	if c.State.Reveal() != "" {
		if err := redis.Check(c.State.Reveal()); err != nil {
			faults.addFirst("STATE", "%v", err)
		}
	}
	c.checkTimes(faults.addFirst)
	c.checkAddress(faults.addFirst)
	c.checkLimits(faults.addFirst)
	c.checkServer(faults.addFirst)
	c.checkAPIDocs(faults.addFirst)
	c.checkAuth(faults.addFirst)
	c.checkAPIKeys(faults.addFirst)
	c.checkMode(file, len(file.broken) == 0, faults.addFirst)
	c.checkFile(file)
	if faults = append(faults, file.faults...); len(faults) > 0 {
		faults.sort()
		return nil, faults
	}
	return c, nil
}

// Exposed tells whether nobody checks the callers at an address that others can
// reach.
func (c *Config) Exposed(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return c.Auth == policy.ModeNone && !(ok && tcp.IP.IsLoopback())
}
