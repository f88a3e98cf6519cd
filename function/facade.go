package function

import (
	"context"
	"crypto/tls"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"mayfly/function/internal/bounds"
	"mayfly/function/internal/config"
	"mayfly/function/internal/connect"
	"mayfly/function/internal/decompress"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/doctor"
	"mayfly/function/internal/enriching"
	"mayfly/function/internal/fitting"
	"mayfly/function/internal/host"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/reducing"
	"mayfly/function/internal/requestlog"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/codec"
	"mayfly/transform/template"
)

// What the programs need of the rooms below.
type (
	// Config is the configuration: what the environment and the file say, checked.
	Config = config.Config
	// LoadOption changes how the configuration is read.
	LoadOption = config.Option
	// Variable is a variable of the environment.
	Variable = config.Variable
	// FaultsError is a configuration that cannot be used, with all that is wrong.
	FaultsError = config.FaultsError
	// ConfigReport is what the configuration file says and lacks.
	ConfigReport = config.Report
	// Fault is one thing that is wrong with the configuration.
	Fault = config.Fault
	// NamedFile is a file that the configuration file names.
	NamedFile = config.NamedFile
	// Delivery is a message that the hub has stored.
	Delivery = delivery.Stored
	// Enrichment makes Enrichers of a configuration file, for people who try it.
	Enrichment = enriching.Rehearsal
	// Enricher adds to messages what tables and look-ups have for them.
	Enricher = enriching.Enricher
	// Reducer makes one message of several readings.
	Reducer = reducing.Reducer
	// Fitter applies device templates.
	Fitter = fitting.Fitter
	// Explanation is what a device template makes of a message.
	Explanation = fitting.Explanation
	// Host is where the process runs.
	Host = platform.Kind
	// Sizes are the bounds that depend on the memory of the process.
	Sizes = bounds.Sizes
	// ServeOptions say where and how Serve serves.
	ServeOptions = host.Options
)

// The hosts that one binary serves on.
const (
	HostServer    = platform.Server    // a plain HTTP server: a container, a machine, a laptop
	HostLambda    = platform.Lambda    // AWS Lambda, behind API Gateway, a Function URL or a load balancer
	HostFunctions = platform.Functions // Azure Functions, as a custom handler
)

// MaxHead is how many bytes the request line and the headers of a request may have.
const MaxHead = host.MaxHead

// ErrorRow is one row of the table of errors.
type ErrorRow = problem.Row

// Rows gives the table of errors. The table in docs/errors.md is made from it.
func Rows() []ErrorRow { return problem.Rows() }

type (
	// Metric describes one metric.
	Metric = metrics.Metric
	// Label is one label of a metric.
	Label = metrics.Label
)

// Metrics gives the list of all metrics, and of their labels. The tables in docs/metrics.md are made from it.
func Metrics() ([]Metric, []Label) { return metrics.List(), metrics.Labels() }

// LoadConfig reads the configuration from the variables of environ ("A=b") and the
// file that they name. Its error is a FaultsError.
func LoadConfig(environ []string, options ...LoadOption) (*Config, error) {
	return config.Load(environ, options...)
}

// WithCodecs has LoadConfig and LoadSources run the JavaScript codecs of sources by an
// engine of the caller's: in this process otherwise.
func WithCodecs(engine codec.Engine) LoadOption { return config.WithCodecs(engine) }

// DetectSizes shares out the memory that the process may take, and tells where that is
// said: the function's or the container's limit. root is the root of the file system.
func DetectSizes(getenv func(string) string, root fs.FS) (sizes Sizes, from string) {
	memory, from := bounds.Detect(getenv, root)
	return bounds.Derive(memory, runtime.GOMAXPROCS(0)), from
}

// Variables gives all variables, in the order of the documentation.
func Variables() []Variable { return config.Variables() }

// LoadSources makes a Transformer with the built-in sources and those of the
// configuration file: the one at path, or mayfly.yaml where path is empty and
// there is one. Its error is a FaultsError; found names the file that was read.
func LoadSources(path string, options ...LoadOption) (t *transform.Transformer, found string, err error) {
	return config.LoadSources(path, options...)
}

// CheckFile checks all that stands in the configuration file: the one at path, or
// mayfly.yaml where path is empty and there is one. Of the environment it takes what
// the file's own members depend on.
func CheckFile(environ []string, path string, options ...LoadOption) *ConfigReport {
	return config.CheckFile(environ, path, options...)
}

// LoadTemplates reads the device templates that the variables and the configuration file name, and nothing else of
// them. The file is the one at path, or that of CONFIG. fitter applies them as the bridge would; nil without any. The
// error is a FaultsError.
func LoadTemplates(environ []string, path string) (set *template.Set, fitter *Fitter, err error) {
	c, err := config.LoadTemplates(environ, path)
	if err != nil {
		return nil, nil, err
	}
	return c.Templates, fitting.Of(c), nil
}

// LoadEnrichment reads the tables, look-ups and steps of enrich of the configuration file at path, or of that of
// CONFIG, and nothing else of it; nil without steps. Its error is a FaultsError.
func LoadEnrichment(environ []string, path string, options ...LoadOption) (*Enrichment, error) {
	return enriching.Rehearse(environ, path, options...)
}

// ParseMapping reads the mapping of one source as it stands in the configuration
// file, members such as signature included, which are not the mapping's.
func ParseMapping(text []byte) (*transform.Definition, error) {
	s, err := config.ParseSource(text)
	if err != nil {
		return nil, err
	}
	return &s.Definition, nil
}

// Transports makes the connections out: one pool for DPS, one for the hubs.
func Transports(c *Config) (toDPS, toHub *http.Transport) { return connect.Transports(c) }

// NewLog makes the log that the configuration asks for.
func NewLog(c *Config, w io.Writer) *slog.Logger { return connect.NewLog(c, w) }

// ServerTLS is what the plain server speaks TLS with; nil where it speaks plain HTTP.
func ServerTLS(c *Config, now func() time.Time) *tls.Config { return connect.ServerTLS(c, now) }

// Serve runs h on its host until ctx is done or the host ends it. On the plain
// server and on Azure Functions it returns nil after a graceful stop; on Lambda it
// does not return.
func Serve(ctx context.Context, o ServeOptions, h http.Handler) error { return host.Serve(ctx, o, h) }

// NewLambdaHandler makes a Lambda function of h.
func NewLambdaHandler(h http.Handler, log *slog.Logger) lambda.Handler {
	return host.NewLambdaHandler(h, log)
}

// What a look at the real DPS and hub shows.
type (
	// Checkup says what to try.
	Checkup struct {
		Fleets    []string // names; the environment's own is empty
		Device    string   // to be registered; empty to register none
		SendEvent bool     // send a test event of the device
	}
	// CheckupStep is one thing that was tried.
	CheckupStep = doctor.Step
)

// The outcomes of a CheckupStep.
const (
	CheckupFault   = doctor.Fault
	CheckupSkipped = doctor.Skipped
)

// Examine tries the configuration against the real DPS and, where a device is named, its hub. It calls report with each
// step as it ends, and returns whether none failed.
func Examine(ctx context.Context, c *Config, o Checkup, report func(CheckupStep)) bool {
	toDPS, toHub := Transports(c)
	defer toDPS.CloseIdleConnections()
	defer toHub.CloseIdleConnections()
	return doctor.Run(ctx, c, doctor.Options{
		Fleets: o.Fleets, Device: o.Device, SendEvent: o.SendEvent, DPS: toDPS, Hub: toHub,
		Secrets: &secret.Loader{Transport: toDPS, Getenv: c.Getenv, Now: time.Now}, Now: time.Now, UserAgent: userAgent,
	}, report)
}

// Decompress undoes the content codings of a body as the bridge does, for people who look at it.
func Decompress(ctx context.Context, h http.Header, body []byte, limit int64) ([]byte, error) {
	return decompress.All(ctx, h, body, limit)
}

// RequestID is the host's name for the request that ctx belongs to; empty outside of
// a request.
func RequestID(ctx context.Context) string { return requestlog.ID(ctx) }
