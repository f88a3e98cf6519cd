package otlp

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/internal/secret"
)

// Environment is the standard variables of OpenTelemetry that the bridge reads, as they are
// written. An empty one has the same meaning as one that is not set.
type Environment struct {
	OTelDisabled           string `env:"OTEL_SDK_DISABLED" envDefault:"false"`
	OTelServiceName        string `env:"OTEL_SERVICE_NAME"`
	OTelResourceAttributes string `env:"OTEL_RESOURCE_ATTRIBUTES"`

	OTLPEndpoint    string      `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTLPHeaders     secret.Text `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	OTLPProtocol    string      `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
	OTLPTimeout     string      `env:"OTEL_EXPORTER_OTLP_TIMEOUT" envDefault:"10000"`
	OTLPCompression string      `env:"OTEL_EXPORTER_OTLP_COMPRESSION" envDefault:"none"`

	OTelTracesExporter    string      `env:"OTEL_TRACES_EXPORTER" envDefault:"otlp"`
	OTLPTracesEndpoint    string      `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	OTLPTracesHeaders     secret.Text `env:"OTEL_EXPORTER_OTLP_TRACES_HEADERS"`
	OTLPTracesProtocol    string      `env:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"`
	OTLPTracesTimeout     string      `env:"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"`
	OTLPTracesCompression string      `env:"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"`

	OTelMetricsExporter    string      `env:"OTEL_METRICS_EXPORTER" envDefault:"otlp"`
	OTLPMetricsEndpoint    string      `env:"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"`
	OTLPMetricsHeaders     secret.Text `env:"OTEL_EXPORTER_OTLP_METRICS_HEADERS"`
	OTLPMetricsProtocol    string      `env:"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"`
	OTLPMetricsTimeout     string      `env:"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"`
	OTLPMetricsCompression string      `env:"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION"`
	OTelMetricInterval     string      `env:"OTEL_METRIC_EXPORT_INTERVAL"`

	OTelSampler     string `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_always_on"`
	OTelSamplerArg  string `env:"OTEL_TRACES_SAMPLER_ARG"`
	OTelBSPQueue    string `env:"OTEL_BSP_MAX_QUEUE_SIZE" envDefault:"2048"`
	OTelBSPBatch    string `env:"OTEL_BSP_MAX_EXPORT_BATCH_SIZE" envDefault:"512"`
	OTelBSPSchedule string `env:"OTEL_BSP_SCHEDULE_DELAY" envDefault:"5000"`
	OTelBSPTimeout  string `env:"OTEL_BSP_EXPORT_TIMEOUT" envDefault:"30000"`
}

// Settings say how one signal is exported.
type Settings struct {
	URL      *url.URL // of the receiver; nil where the signal is not exported
	JSON     bool     // http/json in place of http/protobuf
	Gzip     bool
	Timeout  time.Duration // of one export, with its retries
	Headers  secret.Reference
	Warnings []string // what is wrong with the variables, and what holds in place of them
}

const (
	defaultTimeout = 10 * time.Second
	maxTimeout     = 10 * time.Minute
	maxInterval    = 24 * time.Hour // between two exports of metrics
)

// variable is one that has a name for a signal and one for all signals.
type variable struct{ own, common string }

// Traces gives the settings of traces.
func (e *Environment) Traces() Settings {
	return e.settings("traces", e.OTelTracesExporter,
		variable{e.OTLPTracesEndpoint, e.OTLPEndpoint},
		variable{e.OTLPTracesProtocol, e.OTLPProtocol},
		variable{e.OTLPTracesTimeout, e.OTLPTimeout},
		variable{e.OTLPTracesCompression, e.OTLPCompression},
		[2]secret.Text{e.OTLPTracesHeaders, e.OTLPHeaders})
}

// Metrics gives the settings of metrics, and the time between two exports: 0 where it is not set.
func (e *Environment) Metrics() (s Settings, interval time.Duration) {
	s = e.settings("metrics", e.OTelMetricsExporter,
		variable{e.OTLPMetricsEndpoint, e.OTLPEndpoint},
		variable{e.OTLPMetricsProtocol, e.OTLPProtocol},
		variable{e.OTLPMetricsTimeout, e.OTLPTimeout},
		variable{e.OTLPMetricsCompression, e.OTLPCompression},
		[2]secret.Text{e.OTLPMetricsHeaders, e.OTLPHeaders})
	if text := strings.TrimSpace(e.OTelMetricInterval); text != "" {
		ok := false
		if interval, ok = Milliseconds(text, maxInterval); !ok {
			s.warn("OTEL_METRIC_EXPORT_INTERVAL: want milliseconds, as in 60000; it is left out")
		}
	}
	return s, interval
}

// Disabled tells whether all telemetry about the bridge is switched off.
func (e *Environment) Disabled() bool {
	return strings.EqualFold(strings.TrimSpace(e.OTelDisabled), "true")
}

func (e *Environment) settings(
	signal, exporter string, endpoint, protocol, timeout, compression variable, headers [2]secret.Text,
) Settings {
	s := Settings{Timeout: defaultTimeout}
	names := func(v variable, what string) string { // the name of the variable that has a say
		if v.own != "" {
			return "OTEL_EXPORTER_OTLP_" + strings.ToUpper(signal) + "_" + what
		}
		return "OTEL_EXPORTER_OTLP_" + what
	}
	if e.Disabled() || cmp.Or(endpoint.own, endpoint.common) == "" {
		return s
	}
	switch exporter = strings.TrimSpace(exporter); exporter {
	case "", "otlp":
	case "none":
		return s
	default:
		s.warn("OTEL_%s_EXPORTER: want otlp or none; otlp is used", strings.ToUpper(signal))
	}
	if s.URL = receiver(endpoint, signal); s.URL == nil {
		s.warn("%s: want a URL with http:// or https://, as in http://localhost:4318; %s are not exported",
			names(endpoint, "ENDPOINT"), signal)
		return s
	}
	switch p := strings.TrimSpace(cmp.Or(protocol.own, protocol.common)); p {
	case "", "http/protobuf":
	case "http/json":
		s.JSON = true
	default:
		s.warn("%s: want http/protobuf or http/json; http/protobuf is used", names(protocol, "PROTOCOL"))
	}
	switch c := strings.TrimSpace(cmp.Or(compression.own, compression.common)); c {
	case "", "none":
	case "gzip":
		s.Gzip = true
	default:
		s.warn("%s: want gzip or none; nothing is compressed", names(compression, "COMPRESSION"))
	}
	if text := cmp.Or(timeout.own, timeout.common); text != "" {
		if d, ok := Milliseconds(text, maxTimeout); ok {
			s.Timeout = d
		} else {
			s.warn("%s: want milliseconds, as in 10000; %v is used", names(timeout, "TIMEOUT"), defaultTimeout)
		}
	}
	s.readHeaders(headers, signal)
	return s
}

// readHeaders reads the first of two lists that is set.
func (s *Settings) readHeaders(lists [2]secret.Text, signal string) {
	own := strings.TrimSpace(lists[0].Reveal()) != ""
	name, text := "OTEL_EXPORTER_OTLP_HEADERS", lists[1].Reveal()
	if own {
		name, text = "OTEL_EXPORTER_OTLP_"+strings.ToUpper(signal)+"_HEADERS", lists[0].Reveal()
	}
	reference, err := secret.Parse(text)
	if err == nil && reference.Kind() == secret.Literal {
		_, err = parseHeaders(text)
	}
	if err != nil {
		s.warn("%s: %v; no headers are sent", name, err)
		return
	}
	s.Headers = reference
}

func (s *Settings) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

// receiver gives the URL of a signal: its own as it is, the common one with the signal's path.
func receiver(endpoint variable, signal string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(cmp.Or(endpoint.own, endpoint.common)))
	if err != nil || u.Host == "" || u.Hostname() == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return nil
	}
	if endpoint.own == "" {
		u = u.JoinPath("v1", signal)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u
}

// Milliseconds reads a positive whole number of milliseconds, of at most limit.
func Milliseconds(text string, limit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n <= 0 || n > limit.Milliseconds() {
		return 0, false
	}
	return time.Duration(n) * time.Millisecond, true
}
