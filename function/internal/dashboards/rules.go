package dashboards

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml"
)

// rules makes the alerts of Prometheus.
func rules() ([]byte, error) {
	var list []yaml.MapSlice
	for _, a := range alerts() {
		item := yaml.MapSlice{{Key: "alert", Value: a.name}, {Key: "expr", Value: a.promQL()}}
		if a.lasting > 0 {
			item = append(item, yaml.MapItem{Key: "for", Value: minutes(a.lasting)})
		}
		list = append(list, append(item,
			yaml.MapItem{Key: "labels", Value: yaml.MapSlice{{Key: "severity", Value: a.severity}}},
			yaml.MapItem{Key: "annotations", Value: yaml.MapSlice{
				{Key: "summary", Value: a.about},
				{Key: "runbook_url", Value: runbook + a.where("{{ $labels.code }}")},
			}}))
	}
	text, err := yaml.Marshal(yaml.MapSlice{{Key: "groups", Value: []yaml.MapSlice{
		{{Key: "name", Value: "mayfly"}, {Key: "rules", Value: list}},
	}}})
	const head = "# Alerts for Prometheus; " + made + ". docs/runbook.md says what to do.\n"
	return append([]byte(head), text...), err
}

func minutes(n int) string { return strconv.Itoa(n) + "m" }

// promQL is the condition of an alert.
func (a *alert) promQL() string {
	over := minutes(a.window)
	part := a.part.promQL("", over)
	switch {
	case a.silence && a.part.op == value:
		return fmt.Sprintf("absent(%s%s)", a.part.of().Name, a.part.matchers(""))
	case a.silence: // of a bridge that runs: where none does, another alert tells
		return fmt.Sprintf("(%s or vector(0)) == 0 and on () sum (mayfly_build_info) > 0", part)
	case a.whole != nil:
		return fmt.Sprintf("%s / %s > %s", part, a.whole.promQL("", over), number64(a.above))
	case a.part.op == rate:
		// A counter that has just appeared has no rate yet.
		name := a.part.of().Name + a.part.matchers("")
		appeared := a.part.sum(name + " unless " + name + " offset " + over)
		return fmt.Sprintf("%s > %s or %s > 0", part, number64(a.above), appeared)
	case a.part.op == p99:
		return fmt.Sprintf("(%s) > %s", part, number64(a.above))
	}
	return fmt.Sprintf("%s > %s", part, number64(a.above))
}

// sum adds up what a query gives, by the label of the series.
func (s *series) sum(query string) string {
	if s.by == "" {
		return "sum (" + query + ")"
	}
	return "sum by (" + s.by + ") (" + query + ")"
}

func number64(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
