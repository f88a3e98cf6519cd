package dashboards

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mayfly/function/internal/metrics"
)

// CloudWatch knows the metrics as package metrics/emf writes them: source and code are dimensions beside service;
// outcome, kind, cache, room and signal are put behind the name, and other labels are left out.

// inName tells whether the values of a label are put behind the name of the metric.
func inName(label string) bool {
	switch label {
	case "outcome", "kind", "cache", "room", "signal":
		return true
	}
	return false
}

// isDimension tells whether a label is a dimension.
func isDimension(label string) bool { return label == "source" || label == "code" }

// stat is the statistic that CloudWatch makes of a metric.
func (s *series) stat() string {
	return map[op]string{rate: "Sum", value: "Maximum", worst: "Maximum", p50: "p50", p99: "p99"}[s.op]
}

// emfName is the name of the metric, with the values of the conditions that are part of it. rest are the other
// conditions; open tells that one of several values comes behind the name.
func (s *series) emfName() (name string, rest []match, open bool) {
	m := s.of()
	name = m.Name
	for _, label := range m.Labels {
		if !inName(label) {
			continue
		}
		fixed := ""
		for _, w := range s.where {
			if w.label == label && !w.not && len(w.values) == 1 {
				fixed = w.values[0]
			}
		}
		if fixed == "" {
			open = true // whatever comes behind
			break
		}
		name += "_" + fixed
	}
	for _, w := range s.where {
		if !inName(w.label) {
			rest = append(rest, w)
		}
	}
	return name, rest, open
}

// cloudWatch makes the lines of a widget. SEARCH finds what comes with several names or dimensions.
func (s *series) cloudWatch(period int) []any {
	name, _, open := s.emfName()
	dimensions, metric := "service", fmt.Sprintf("MetricName=\"%s\"", name)
	if isDimension(s.by) {
		dimensions += "," + s.by
	}
	if open { // a search without quotes finds names that begin so
		metric = "MetricName=" + name
	}
	if !open && !isDimension(s.by) {
		line := []any{"${Namespace}", name, "service", "${Service}", object{"stat": s.stat(), "period": period}}
		if s.name != "" {
			line[4] = object{"stat": s.stat(), "period": period, "label": s.name}
		}
		return line
	}
	search := fmt.Sprintf("SEARCH('{${Namespace},%s} service=\"${Service}\" %s', '%s', %d)",
		dimensions, metric, s.stat(), period)
	return []any{object{"expression": search}}
}

// cloudWatchDashboard makes the body of the dashboard, for Fn::Sub.
func cloudWatchDashboard() object {
	const columns, width, height, period = 24, 8, 6, 300
	var widgets []object
	y := 0
	for _, r := range rows() {
		widgets = append(widgets, object{
			"type": "text", "x": 0, "y": y, "width": columns, "height": 1,
			"properties": object{"markdown": "## " + r.title},
		})
		y++
		panels := slices.DeleteFunc(slices.Clone(r.panels), func(p panel) bool {
			return p.series[0].metric == metrics.BuildInfo // which no line of the log has
		})
		for i := range panels {
			p := &panels[i]
			x := i * width % columns
			if i > 0 && x == 0 {
				y += height
			}
			lines := make([]any, len(p.series))
			for n := range p.series {
				lines[n] = p.series[n].cloudWatch(period)
			}
			widgets = append(widgets, object{
				"type": "metric", "x": x, "y": y, "width": width, "height": height,
				"properties": object{
					"title": p.title, "region": "${AWS::Region}", "view": "timeSeries", "stacked": false,
					"metrics": lines,
				},
			})
		}
		y += height
	}
	return object{"widgets": widgets}
}

// awsTemplate makes a CloudFormation template with the dashboard and the alarms, for metrics that are written as EMF.
func awsTemplate() (object, error) {
	body, err := json.Marshal(cloudWatchDashboard())
	if err != nil {
		return nil, err
	}
	resources := object{"Dashboard": object{
		"Type": "AWS::CloudWatch::Dashboard",
		"Properties": object{
			"DashboardName": object{"Fn::Sub": "${AWS::StackName}"}, "DashboardBody": object{"Fn::Sub": string(body)},
		},
	}}
	for _, a := range alerts() {
		if !a.promOnly {
			resources[a.name] = object{"Type": "AWS::CloudWatch::Alarm", "Properties": a.cloudWatch()}
		}
	}
	text := func(value, about string) object {
		return object{"Type": "String", "Default": value, "Description": about}
	}
	return object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "Mayfly: dashboard and alarms of its metrics; " + made,
		"Parameters": object{
			"Namespace":  text("Mayfly", "Namespace of the metrics in CloudWatch"),
			"Service":    text("mayfly", "Value of the dimension service: the name of the function"),
			"AlarmTopic": text("none", "ARN of the SNS topic that is told of alarms; none: the console shows them"),
			"Runbook":    text(runbook, "Address of the runbook; alarms add the section"),
		},
		"Conditions": object{"HasTopic": object{"Fn::Not": []any{
			object{"Fn::Equals": []any{object{"Ref": "AlarmTopic"}, "none"}},
		}}},
		"Resources": resources,
	}, nil
}

// queries collects the values that an alarm looks at.
type queries []object

// add adds a metric under an id, of one value of a dimension where there is one.
func (q *queries) add(id string, s *series, dimension, of string) string {
	const period = 300
	name, _, _ := s.emfName()
	dimensions := []object{{"Name": "service", "Value": object{"Ref": "Service"}}}
	if dimension != "" {
		dimensions = append(dimensions, object{"Name": dimension, "Value": of})
	}
	*q = append(*q, object{
		"Id": id, "ReturnData": false,
		"MetricStat": object{
			"Metric": object{"Namespace": object{"Ref": "Namespace"}, "MetricName": name, "Dimensions": dimensions},
			"Period": period, "Stat": s.stat(),
		},
	})
	return "FILL(" + id + ", 0)"
}

// expression adds what an alert looks at, and gives the expression of its value.
func (a *alert) expression(q *queries) string {
	_, rest, _ := a.part.emfName()
	var parts []string
	if len(rest) == 1 && isDimension(rest[0].label) {
		for i, of := range rest[0].values {
			parts = append(parts, q.add(fmt.Sprintf("part%d", i+1), &a.part, rest[0].label, of))
		}
	} else {
		parts = append(parts, q.add("part1", &a.part, "", ""))
	}
	part := strings.Join(parts, " + ")
	switch {
	case a.whole != nil && a.whole.metric == metrics.Messages: // its outcomes are metrics of their own
		all := []string{part}
		for i, outcome := range []string{"delivered", "deduplicated", "ignored", "failed"} {
			s := &series{metric: metrics.Messages, op: rate, where: []match{is("outcome", outcome)}}
			all = append(all, q.add(fmt.Sprintf("whole%d", i+1), s, "", ""))
		}
		return fmt.Sprintf("(%s) / (%s)", part, strings.Join(all, " + "))
	case a.whole != nil:
		q.add("whole", a.whole, "", "")
		return fmt.Sprintf("(%s) / whole", part)
	case a.part.op == p99:
		return "part1 * 1" // where nothing was measured, there is nothing to compare
	}
	return part
}

// cloudWatch makes the properties of an alarm.
func (a *alert) cloudWatch() object {
	var q queries
	expression := a.expression(&q)
	q = append(q, object{"Id": "result", "Expression": expression, "Label": a.name, "ReturnData": true})
	where := a.where("")
	if a.section == "" {
		where = "" // the section of the code, which the log tells
	}
	alarm := object{
		"AlarmDescription":   object{"Fn::Sub": a.about + ". Runbook: ${Runbook}" + where},
		"Metrics":            q,
		"ComparisonOperator": "GreaterThanThreshold", "Threshold": a.above, "TreatMissingData": "notBreaching",
		"EvaluationPeriods": max(a.lasting/5, 1),
		"AlarmActions": object{"Fn::If": []any{
			"HasTopic", []any{object{"Ref": "AlarmTopic"}}, object{"Ref": "AWS::NoValue"},
		}},
	}
	if a.silence {
		alarm["ComparisonOperator"], alarm["Threshold"] = "LessThanThreshold", 1
		alarm["EvaluationPeriods"], alarm["TreatMissingData"] = a.window/5, "breaching" // 5 minutes each
	}
	return alarm
}
