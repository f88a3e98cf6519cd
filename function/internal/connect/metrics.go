package connect

import (
	"cmp"
	"io"
	"log/slog"
	"slices"

	"mayfly/function/internal/config"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/metrics/outlet"
	"mayfly/function/internal/metrics/push"
	"mayfly/function/internal/otlp"
)

// NewMetrics makes what a service counts in, and has that go where the configuration says. lines takes the lines for
// CloudWatch; none are written when it is nil. The receiver gets connections of its own where its options have none.
func NewMetrics(
	c *config.Config, lines io.Writer, log *slog.Logger, reporter *otlp.Reporter, receiver otlp.Options,
) *outlet.Outlet {
	o := &outlet.Options{
		Host: c.Host, Mode: c.Metrics, Lines: lines, Namespace: c.MetricsNamespace,
		Service: cmp.Or(c.OTelServiceName, c.Getenv("AWS_LAMBDA_FUNCTION_NAME"), "mayfly"), Now: receiver.Now,
	}
	settings, interval := c.Environment.Metrics()
	o.Interval = interval
	traces := c.Traces()
	warn := func(text string) {
		if text != "" && !slices.Contains(traces.Warnings, text) { // the tracer tells what it is concerned by
			log.Warn("a variable of OpenTelemetry cannot be used", "problem", text)
		}
	}
	for _, text := range settings.Warnings {
		warn(text)
	}
	if settings.URL != nil && c.Metrics != metrics.ModeOff {
		if receiver.Transport == nil {
			receiver.Transport = Receiver()
		}
		from, warning := c.Resource(c.Host, c.Getenv)
		if traces.URL == nil {
			warn(warning)
		}
		o.Export = &push.Options{Client: otlp.NewClient(&settings, &receiver), Resource: from, Reporter: reporter}
	}
	return outlet.New(o)
}
