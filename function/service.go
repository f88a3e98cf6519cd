package function

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
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

	auth      *authenticator
	delivery  *deliverer
	load      load
	confirmer http.RoundTripper // of destinations of AWS IoT
	counters  counters

	zstd   func() (*zstd.Decoder, error) // made by the first body that needs it
	routes http.Handler
}

// Dependencies are what a Service needs from outside.
type Dependencies struct {
	// DPS and Hub carry the calls out; see Transports.
	DPS, Hub http.RoundTripper
	// Log takes one record per request.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Observe is told of each message that the hub has stored. May be nil.
	Observe func(Delivery)
}

// New makes a Service of a configuration that LoadConfig has passed.
func New(c *Config, d Dependencies) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	// The transport of DPS: it is for calls that are few and must not hang.
	secrets := &secret.Loader{Transport: d.DPS, Getenv: c.Getenv, Now: d.Now}
	s := &Service{
		config: c, log: d.Log, now: d.Now, transform: c.Transformer, confirmer: d.DPS,
		auth: newAuthenticator(&authOptions{
			Mode: c.Auth, Keys: c.Keys, Tokens: c.Tokens, Certificates: c.Certificates, Sources: guardSpecs(c.Sources),
			Fleets: slices.Collect(maps.Keys(c.Fleets)), Proxies: c.Proxies, Host: c.Host,
			Secrets: secrets, Transport: d.DPS, Now: d.Now,
		}),
		delivery: newDeliverer(&deliveryOptions{
			Fleets: fleetOptionsOf(c.Fleets), AcceptHub: c.AcceptHub, DedupWindow: c.DedupWindow, DeviceRate: c.DeviceRate,
			DPS: d.DPS, Hub: d.Hub, UserAgent: userAgent, Secrets: secrets, Log: d.Log, Now: d.Now, Observe: d.Observe,
		}),
		load: newLoad(c.MaxInFlight, c.BodyLimit),
	}
	s.zstd = sync.OnceValues(func() (*zstd.Decoder, error) { return newZstd(c.BodyLimit) })
	s.routes = s.newRoutes()
	return s
}

func fleetOptionsOf(fleets map[string]fleetConfig) map[string]fleetOptions {
	out := make(map[string]fleetOptions, len(fleets))
	for name, f := range fleets {
		out[name] = fleetOptions{
			IDScope: f.IDScope, DPSEndpoint: f.DPSEndpoint, ModelID: f.ModelID, HubHint: f.HubHint,
			Credentials: f.Credentials,
		}
	}
	return out
}

// guardSpecs gives who may send to the sources.
func guardSpecs(sources []sourceSpec) []guardSpec {
	out := make([]guardSpec, len(sources))
	for i := range sources {
		out[i] = guardSpec{sources[i].Name, sources[i].Signature, sources[i].AllowFrom}
	}
	return out
}

const userAgent = "mayfly"

// ServeHTTP gives a request its budget of time, its log record, and an answer
// whatever happens.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.budget(r.Context())
	defer cancel()
	record := &requestRecord{arrived: s.now()}
	r = r.WithContext(withRecord(ctx, record))
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(v)
			}
			logPanic(ctx, s.log, v)
			s.fail(w, r, newProblem(codeInternal, ""))
		}
		if record.forget != nil && record.problem != nil && record.problem.Retryable {
			record.forget()
		}
		s.count(record)
		record.write(ctx, s.log, r, s.now())
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
