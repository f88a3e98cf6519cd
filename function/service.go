package function

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/basepath"
	"mayfly/function/internal/bounds"
	"mayfly/function/internal/commands"
	"mayfly/function/internal/connect"
	"mayfly/function/internal/decompress"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/destination"
	"mayfly/function/internal/durable"
	"mayfly/function/internal/enriching"
	"mayfly/function/internal/failure"
	"mayfly/function/internal/fitting"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/outlet"
	"mayfly/function/internal/once"
	"mayfly/function/internal/origin"
	"mayfly/function/internal/otlp"
	"mayfly/function/internal/otlpanswer"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/push"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/worker"
	"mayfly/function/internal/reducing"
	"mayfly/function/internal/requestlog"
	"mayfly/function/internal/state"
	"mayfly/function/internal/tables"
	"mayfly/function/internal/tenancy"
	"mayfly/function/internal/trace"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/message"
)

// Service answers the requests of devices and of the clouds that speak for them.
// It keeps nothing that may not be lost.
type Service struct {
	config    *Config
	log       *slog.Logger
	now       func() time.Time
	transform *transform.Transformer

	auth      *auth.Authenticator
	tables    *tables.Set
	reducer   *reducing.Reducer   // nil where nothing is reduced
	enricher  *enriching.Enricher // nil without enrich
	fitter    *fitting.Fitter     // nil without device templates
	delivery  *delivery.Deliverer
	queue     queue.Queue // nil without QUEUE; likewise durable and worker
	durable   *durable.Acceptor
	worker    *worker.Worker
	working   sync.WaitGroup // what Start has begun
	stopWork  context.CancelFunc
	commands  *commands.Collector
	pushes    *push.Client
	sizes     Sizes
	load      load
	tenancy   *tenancy.Tenancy
	origins   origin.Guard
	confirmer *destination.Confirmer
	outlet    *outlet.Outlet
	metrics   *metrics.Set // of outlet; nil: nobody would see them
	told      once.Set     // what is said once in the log
	finished  func(context.Context, *Finished)
	tracer    *trace.Tracer // nil: nobody wants traces
	state     state.Store   // nil: instances share nothing

	decompressor *decompress.Decompressor
	routes       http.Handler
}

// Dependencies are what a Service needs from outside.
type Dependencies struct {
	// DPS and Hub carry the calls out; see Transports.
	DPS, Hub http.RoundTripper
	// Pushes carries messages to the clouds of devices; DPS does where it is nil.
	Pushes http.RoundTripper
	// Lookups makes the calls of look-ups, to any address, and fetches the certificates that senders name; nil: one
	// transport for each, to where it may call.
	Lookups http.RoundTripper
	// State is what instances share; what STATE names when nil.
	State state.Store
	// Receiver carries telemetry about the service to where OTEL_EXPORTER_OTLP_ENDPOINT says; own
	// connections when nil.
	Receiver http.RoundTripper
	// Log takes one record per request.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Sizes are the bounds that depend on the memory of the process; those of a process
	// without a limit when nil. MAX_IN_FLIGHT goes before theirs.
	Sizes *Sizes
	// Queue takes messages that the hub does not take now; see OpenQueue. Nothing is queued when nil. The Service does
	// not close it.
	Queue queue.Queue
	// Observe is told of each message that the hub has stored. May be nil.
	Observe func(Delivery)
	// MetricLines takes the lines of METRICS=emf, each in one Write; none are written when nil.
	MetricLines io.Writer
	// Around tells of what is around the Service, for metrics. May be nil.
	Around func() Around
	// Finished is told of each request that is answered, with its context, health checks aside. May be nil.
	Finished func(context.Context, *Finished)
}

// Around is what the metrics tell of what is around a Service.
type Around struct {
	CodecWorkers, CodecQueue int // processes, and messages that wait for one
	LogLinesDropped          int // since the start
}

// New makes a Service of a configuration that LoadConfig has passed.
func New(c *Config, d Dependencies) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	sizes := bounds.Derive(0, runtime.GOMAXPROCS(0))
	if d.Sizes != nil {
		sizes = *d.Sizes
	}
	if d.Sizes == nil || c.Getenv("MAX_IN_FLIGHT") != "" {
		sizes.InFlight = c.MaxInFlight
	}
	// The transport of DPS: it is for calls that are few and must not hang.
	secrets := &secret.Loader{Transport: d.DPS, Getenv: c.Getenv, Now: d.Now}
	reporter := otlp.NewReporter(d.Log, d.Now)
	receiver := otlp.Options{Transport: d.Receiver, Secrets: secrets, UserAgent: userAgent, Now: d.Now}
	out := connect.NewMetrics(c, d.MetricLines, d.Log, reporter, receiver)
	tracer := connect.NewTracer(c, out.Set, d.Log, reporter, receiver)
	d.Log = tracer.Log(d.Log)
	if d.State == nil {
		d.State = connect.NewState(c, secrets, d.Log, out.Set)
	}
	s := &Service{
		state: d.State, outlet: out, metrics: out.Set, tracer: tracer,
		config: c, log: d.Log, now: d.Now, finished: d.Finished, transform: c.Transformer,
		confirmer: &destination.Confirmer{Allowed: c.ConfirmAWS, Transport: d.DPS, Log: d.Log},
		auth: auth.New(&auth.Options{
			Mode: c.Auth, Keys: c.Keys, Tokens: c.Tokens, Certificates: c.Certificates,
			Sources: connect.AuthSources(c), Fleets: slices.Collect(maps.Keys(c.Fleets)),
			Proxies: c.Proxies, Host: c.Host,
			Secrets: secrets, Transport: d.DPS, Certs: d.Lookups, Now: d.Now, State: d.State,
		}),
		fitter: fitting.Of(c),
		delivery: delivery.New(&delivery.Options{
			Fleets: connect.DeliveryFleets(c), AcceptHub: c.AcceptHub,
			DedupWindow: c.DedupWindow, DeviceRate: c.DeviceRate,
			DPS: d.DPS, Hub: d.Hub, UserAgent: userAgent, Secrets: secrets,
			Log: d.Log, Now: d.Now, Observe: d.Observe, Metrics: out.Set,
			DPSCall: tracer.DPSCall(), HubCall: tracer.HubCall(), State: d.State,
		}),
		sizes:   sizes,
		load:    newLoad(&sizes, c.BodyLimit, d.Now),
		origins: origin.Guard{Open: c.Auth == policy.ModeNone},
	}
	s.useQueue(d.Queue, secrets)
	s.pushes = push.New(push.Options{
		Transport: cmp.Or(d.Pushes, d.DPS), Secrets: secrets, Now: d.Now, UserAgent: userAgent, Metrics: out.Set,
	})
	s.commands = s.newCollector()
	s.tenancy = tenancy.New(c, s.load.requests)
	s.collect(d.Around)
	s.tables = tables.New(&tables.Options{
		Tables: c.Tables, Rows: c.Rows, Secrets: secrets, Log: d.Log, Now: d.Now, Metrics: out.Set,
	})
	s.reducer = reducing.Of(c)
	s.enricher = enriching.Of(c, &enriching.Dependencies{
		Tables: s.tables, Metrics: out.Set, Transport: d.Lookups, Secrets: secrets, Now: d.Now, Heap: sizes.Heap,
		LookupCall: tracer.LookupCall(),
	})
	s.decompressor = decompress.New(c.BodyLimit, runtime.GOMAXPROCS(0))
	s.routes = s.newRoutes()
	s.fitter.Warn(d.Log)
	return s
}

// Sizes gives the bounds that depend on the memory of the process, as they are in use.
func (s *Service) Sizes() Sizes { return s.sizes }

const userAgent = "mayfly"

// ServeHTTP gives a request its budget of time, its log record, and an answer
// whatever happens.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.budget(r.Context())
	defer cancel()
	record := &requestRecord{arrived: s.now(), client: r.Context()}
	r = r.WithContext(withRecord(ctx, record))
	if otlpanswer.IsProtobuf(r) {
		protobuf := &otlpanswer.Writer{ResponseWriter: w}
		defer func() { protobuf.Finish(otlpanswer.IsOTLP(r, record.source)) }()
		w = protobuf
	}
	record.status.ResponseWriter = w
	w = &record.status
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(v)
			}
			requestlog.Panic(ctx, s.log, v)
			s.fail(w, r, failure.New(problem.Internal, ""))
		}
		if record.settle != nil {
			record.settle(record.problem != nil && record.problem.Retryable)
		}
		s.count(record, r)
		defer s.flush(ctx, record)
		ctx := s.endSpan(ctx, record, r)
		record.write(ctx, s.log, r, s.now())
		if s.finished != nil && !record.silent() {
			s.finished(ctx, record.outcome(r))
		}
		record.commands.Settle(ctx, w)
	}()
	if !basepath.Clean(r, s.config.BasePath) {
		s.fail(w, r, failure.New(problem.NoSource, "nothing is served at "+message.Quote(r.URL.Path)))
		return
	}
	s.routes.ServeHTTP(w, r)
}

// budget gives the request's own deadline: the host's where it has one, else the
// configured. A sender that hangs up cancels nothing.
func (s *Service) budget(ctx context.Context) (context.Context, context.CancelFunc) {
	detached := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(detached, deadline)
	}
	return context.WithTimeout(detached, s.config.RequestTimeout)
}
