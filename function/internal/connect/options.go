package connect

import (
	"log/slog"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/config"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/otlp"
	"mayfly/function/internal/trace"
)

// DeliveryFleets gives the fleets as delivery takes them.
func DeliveryFleets(c *config.Config) map[string]delivery.Fleet {
	out := make(map[string]delivery.Fleet, len(c.Fleets))
	for name, f := range c.Fleets {
		out[name] = delivery.Fleet{
			IDScope: f.IDScope, DPSEndpoint: f.DPSEndpoint, ModelID: f.ModelID, HubHint: f.HubHint,
			Credentials: f.Credentials,
		}
	}
	return out
}

// AuthSources gives the sources as authentication takes them: who may send to each.
func AuthSources(c *config.Config) []auth.Source {
	out := make([]auth.Source, len(c.Sources))
	for i := range c.Sources {
		s := &c.Sources[i]
		out[i] = auth.Source{Name: s.Name, Signature: s.Signature, AllowFrom: s.AllowFrom}
	}
	return out
}

// NewTracer makes the tracer that the configuration asks for; nil where nobody wants traces. set counts its exports.
// The receiver gets connections of its own where its options have none.
func NewTracer(
	c *config.Config, set *metrics.Set, log *slog.Logger, reporter *otlp.Reporter, receiver otlp.Options,
) *trace.Tracer {
	if receiver.Transport == nil {
		receiver.Transport = Receiver()
	}
	return trace.New(&trace.Options{
		Environment: &c.Environment, Properties: c.TraceProperties, Host: c.Host, Getenv: c.Getenv,
		Receiver: receiver, Reporter: reporter, Log: log, Now: receiver.Now,
		Exported: func(taken bool) {
			outcome := "ok"
			if !taken {
				outcome = "failed"
			}
			set.Add(metrics.Exports, 1, "traces", outcome)
		},
	})
}
