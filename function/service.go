package function

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"mayfly/internal/secret"
	"mayfly/transform"
)

// Service answers the requests of devices and of the clouds that speak for them.
// It keeps nothing that may not be lost.
type Service struct {
	config    *Config
	log       *slog.Logger
	now       func() time.Time
	transform *transform.Transformer
	fleets    map[string]*fleet // by name; empty for the environment's own

	guards       map[string]*guard // by source
	tokens       *tokens
	certificates *certificates
	devices      *deviceLimits
	load         load

	zstd      func() (*zstd.Decoder, error) // made by the first body that needs it
	routes    http.Handler
	confirmer http.RoundTripper // of destinations of AWS IoT
	counters  counters
	observe   func(Delivery)
}

// Dependencies are what a Service needs from outside.
type Dependencies struct {
	// DPS and Hub carry the calls out; see Transports.
	DPS, Hub http.RoundTripper
	// Log takes one record a request.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Observe is told of each message that the hub has stored. May be nil.
	Observe func(Delivery)
}

// Delivery is a message that the hub has stored.
type Delivery struct {
	Source  string // how the request was read: a source's name, telemetry or device
	Message transform.Message
	Hub     string
	Took    time.Duration // since the request came
}

// New makes a Service of a configuration that LoadConfig has passed.
func New(c *Config, d Dependencies) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	// The transport of DPS: it is for calls that are few and must not hang.
	secrets := &secret.Loader{Transport: d.DPS, Getenv: c.getenv, Now: d.Now}
	s := &Service{
		config: c, log: d.Log, now: d.Now, observe: d.Observe, confirmer: d.DPS,
		transform:    c.transform,
		fleets:       map[string]*fleet{},
		guards:       map[string]*guard{},
		devices:      newDeviceLimits(c.DeviceRate),
		tokens:       newTokens(c.file.Tokens, d, secrets),
		certificates: newCertificates(c.file.Certificates, secrets),
		load:         newLoad(c.MaxInFlight, c.BodyLimit),
	}
	for name, own := range c.fleets {
		s.fleets[name] = newFleet(own, d, secrets)
	}
	for i := range c.file.Sources {
		if g := newGuard(&c.file.Sources[i], secrets); g != nil {
			s.guards[c.file.Sources[i].Name] = g
		}
	}
	s.routes = s.newRoutes()
	s.zstd = sync.OnceValues(func() (*zstd.Decoder, error) { return newZstd(c.BodyLimit) })
	return s
}

const userAgent = "mayfly"

// request is what the log record of a request will say.
type request struct {
	source    string
	caller    *caller
	signer    *caller // of a signed source
	giveBack  func()  // makes the signature good again, where the same request has to come once more
	devices   int
	delivered int
	ignored   int
	notes     map[transform.NoteKind]int
	repeated  atomic.Int64 // the devices of a request are served side by side
	problem   *Problem
	secrets   []string // ids of devices that answers and the log must not tell
	arrived   time.Time
}

type requestKey struct{}

// about gives the record of the request that ctx belongs to.
func about(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// ServeHTTP gives a request its budget of time, its log record, and an answer
// whatever happens.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.budget(r.Context())
	defer cancel()
	info := &request{arrived: s.now()}
	r = r.WithContext(context.WithValue(ctx, requestKey{}, info))
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(v)
			}
			logPanic(ctx, s.log, v)
			s.fail(w, r, newProblem(codeInternal, ""))
		}
		if info.giveBack != nil && info.problem != nil && info.problem.Retryable {
			info.giveBack()
		}
		s.count(info)
		s.record(ctx, r, info)
	}()
	if !plainPath(r) {
		s.fail(w, r, newProblem(codeNoSource, "nothing is served at "+quote(r.URL.Path)))
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

// record writes the one log record of a request.
func (s *Service) record(ctx context.Context, r *http.Request, info *request) {
	if info.source == "" && info.problem == nil {
		return // health checks
	}
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("requestId", RequestID(ctx)),
		slog.String("method", r.Method),
		slog.String("path", r.URL.Path),
		slog.Float64("ms", float64(s.now().Sub(info.arrived).Microseconds())/1000),
	}
	add := func(name string, n int) {
		if n > 0 {
			attrs = append(attrs, slog.Int(name, n))
		}
	}
	if info.source != "" {
		attrs = append(attrs, slog.String("source", info.source))
	}
	if info.caller != nil {
		attrs = append(attrs, slog.String("caller", info.caller.name))
	}
	add("devices", info.devices)
	add("delivered", info.delivered)
	add("ignored", info.ignored)
	add("repeated", int(info.repeated.Load()))
	for _, kind := range slices.Sorted(maps.Keys(info.notes)) {
		add(string(kind), info.notes[kind])
	}
	if p := info.problem; p != nil {
		p.hide(info.secrets)
		level = slog.LevelWarn
		if p.Status >= 500 && p.Status != http.StatusServiceUnavailable {
			level = slog.LevelError
		}
		attrs = append(attrs, slog.Int("status", p.Status), slog.String("code", string(p.Code)), slog.String("detail", p.Detail))
		if p.cause != nil {
			attrs = append(attrs, slog.String("cause", hidden(p.cause.Error(), info.secrets)))
		}
		if p.Upstream != nil {
			attrs = append(attrs, slog.String("upstream", p.Upstream.Service), slog.Int("upstreamStatus", p.Upstream.Status),
				slog.String("upstreamError", p.Upstream.ErrorCode), slog.String("trackingId", p.Upstream.TrackingID))
		}
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}
