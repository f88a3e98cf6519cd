// Package dashboards writes dashboards and alerts, from the list of metrics (package metrics) and the table of
// errors (package problem): for Grafana and Prometheus, for Azure Monitor as a workbook and alert rules, and for
// CloudWatch. Panels and alerts are described once, in panels.go and alerts.go; each of the three ways of asking for
// values is one file: promql.go, kql.go and cloudwatch.go.
//
// The files are in deploy; go generate writes them, and a test fails when they differ. Tests hold that every metric is
// on a panel, that every alert has a section in docs/runbook.md, and, with the build tag prometheus, that the queries
// give values for what the program serves.
//
// The package is not part of any program. Start reading at panels.go.
package dashboards
