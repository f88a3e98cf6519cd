package dashboards

import (
	"fmt"
	"strings"
)

// kql asks Application Insights for the values of a series, by time where bin is set. The values of counters and
// histograms have to be deltas there, as Azure Monitor has them.
func (s *series) kql(bin string) string {
	m := s.of()
	lines := []string{"customMetrics", fmt.Sprintf("| where name == '%s'", m.Name)}
	for _, w := range s.where {
		operator := "in"
		if w.not {
			operator = "!in"
		}
		lines = append(lines, fmt.Sprintf("| where tostring(customDimensions.%s) %s ('%s')", w.label, operator,
			strings.Join(w.values, "', '")))
	}
	values := map[op]string{
		rate: "sum(valueSum)", value: "max(valueMax)", worst: "max(valueMax)",
		p50: "sum(valueSum) / sum(valueCount)", p99: "max(valueMax)",
	}
	var by []string
	if bin != "" {
		by = append(by, "bin(timestamp, "+bin+")")
	}
	switch {
	case s.by != "" && s.name != "":
		by = append(by, fmt.Sprintf("series = strcat('%s ', customDimensions.%s)", s.name, s.by))
	case s.by != "":
		by = append(by, fmt.Sprintf("series = tostring(customDimensions.%s)", s.by))
	case s.name != "" && bin != "":
		by = append(by, "series = '"+s.kqlName()+"'")
	}
	line := "| summarize value = " + values[s.op]
	if len(by) > 0 {
		line += " by " + strings.Join(by, ", ")
	}
	return strings.Join(append(lines, line), "\n")
}

// kqlName names a line: of histograms, Azure Monitor knows the mean and the longest.
func (s *series) kqlName() string {
	switch {
	case s.op == p50 && s.name == "half":
		return "mean"
	case s.op == p99 && s.name == "99 %":
		return "longest"
	}
	return s.name
}

// kql asks for all lines of a panel.
func (p *panel) kql(bin string) string {
	parts := make([]string, len(p.series))
	for i := range p.series {
		parts[i] = p.series[i].kql(bin)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "union (" + strings.Join(parts, "), (") + ")"
}

// kql is the condition of an alert: rows where it holds.
func (a *alert) kql() string {
	part := a.part.kql("")
	switch {
	case a.silence:
		return part + "\n| where isnull(value) or value == 0"
	case a.whole != nil:
		return fmt.Sprintf("let part = toscalar(%s);\nlet whole = toscalar(%s);\n"+
			"print value = part / whole\n| where value > %s", part, a.whole.kql(""), number64(a.above))
	}
	return part + "\n| where value > " + number64(a.above)
}
