package metrics

import (
	"cmp"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// maxScrapes bounds the scrapes that are answered at one time.
const maxScrapes = 4

// plain makes a text that may stand in a label: valid UTF-8, and not a part of a longer text, which would stay with it.
func plain(value string) string { return strings.Clone(strings.ToValidUTF8(value, "?")) }

// CollectProcess adds what the Go runtime and the operating system tell of the process, and what it was built from.
// host is where it runs.
func (s *Set) CollectProcess(host string) {
	if s == nil {
		return
	}
	s.process = true
	s.Collect(BuildInfo, func(set Setter) {
		version, revision := "(devel)", ""
		if info, ok := debug.ReadBuildInfo(); ok {
			version = cmp.Or(info.Main.Version, version)
			for _, setting := range info.Settings {
				if setting.Key == "vcs.revision" {
					revision = setting.Value
				}
			}
		}
		set(1, version, revision, runtime.Version(), host)
	})
}

// Gather gives all metrics as they are now.
func (s *Set) Gather() ([]*dto.MetricFamily, error) {
	if s.process {
		// The client's own registry has the collectors of the runtime and the process, whether they are wanted or
		// not. Package collectors would make them again, and costs each cold start 0.2 ms.
		return prometheus.Gatherers{s.registry, prometheus.DefaultGatherer}.Gather()
	}
	return s.registry.Gather()
}

// Handler answers scrapes: in the text format, in OpenMetrics, or in protobuf, which has native histograms. It is one
// and the same for all callers, and answers 503 to those that are too many at one time.
func (s *Set) Handler() http.Handler {
	s.once.Do(func() {
		s.handler = promhttp.HandlerFor(prometheus.Gatherer(s), promhttp.HandlerOpts{
			EnableOpenMetrics: true, MaxRequestsInFlight: maxScrapes, ErrorHandling: promhttp.ContinueOnError,
		})
	})
	return s.handler
}
