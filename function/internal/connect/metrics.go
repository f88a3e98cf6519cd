package connect

import (
	"cmp"
	"io"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/metrics/outlet"
)

// NewMetrics makes what a service counts in, and has that go where the configuration says. lines takes the lines for
// CloudWatch; none are written when it is nil.
func NewMetrics(c *config.Config, lines io.Writer, now func() time.Time) *outlet.Outlet {
	return outlet.New(&outlet.Options{
		Host: c.Host, Mode: c.Metrics, Lines: lines, Namespace: c.MetricsNamespace,
		Service: cmp.Or(c.Getenv("AWS_LAMBDA_FUNCTION_NAME"), "mayfly"), Now: now,
	})
}
