package dashboards

import (
	"fmt"
	"strings"
)

// scope limits a query of the dashboard to what its reader has chosen.
const scope = `job=~"$job",instance=~"$instance"`

// interval is the time over which the dashboard takes rates: Grafana makes it fit the scrapes.
const interval = "$__rate_interval"

// promQL asks Prometheus for the values of a series. scope are matchers of every query, and may be empty; over is the
// time of rates.
func (s *series) promQL(scope, over string) string {
	name, matchers := s.of().Name, s.matchers(scope)
	by := ""
	if s.by != "" {
		by = " by (" + s.by + ")"
	}
	switch s.op {
	case rate:
		return fmt.Sprintf("sum%s (rate(%s%s[%s]))", by, name, matchers, over)
	case worst:
		return fmt.Sprintf("max%s (%s%s)", by, name, matchers)
	case p50, p99:
		quantile, le := "0.5", "le"
		if s.op == p99 {
			quantile = "0.99"
		}
		if s.by != "" {
			le += ", " + s.by
		}
		// Classic buckets where they are scraped, else native ones.
		return fmt.Sprintf("histogram_quantile(%s, sum by (%s) (rate(%s_bucket%s[%s]))) or "+
			"histogram_quantile(%s, sum%s (rate(%s%s[%s])))",
			quantile, le, name, matchers, over, quantile, by, name, matchers, over)
	case value:
	}
	return fmt.Sprintf("sum%s (%s%s)", by, name, matchers)
}

// matchers are the braces of a series.
func (s *series) matchers(scope string) string {
	var list []string
	for _, w := range s.where {
		operator, text := "=", w.values[0]
		switch {
		case len(w.values) > 1 && w.not:
			operator, text = "!~", strings.Join(w.values, "|")
		case len(w.values) > 1:
			operator, text = "=~", strings.Join(w.values, "|")
		case w.not:
			operator = "!="
		}
		list = append(list, fmt.Sprintf("%s%s%q", w.label, operator, text))
	}
	if scope != "" {
		list = append(list, scope)
	}
	if len(list) == 0 {
		return ""
	}
	return "{" + strings.Join(list, ",") + "}"
}

// legend names the lines of a series in Grafana.
func (s *series) legend() string {
	switch {
	case s.by == "":
		return s.name
	case s.name == "":
		return "{{" + s.by + "}}"
	}
	return s.name + " {{" + s.by + "}}"
}
