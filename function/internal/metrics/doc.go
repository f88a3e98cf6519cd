// Package metrics counts and measures what the service does. [List] is the one list of all metrics: /metrics, OTLP,
// the log lines for CloudWatch (EMF), docs/metrics.md and the dashboards have their names, labels and texts from it.
//
// To add a metric, add a constant and a line to list.go, call it where the thing happens, and run go generate ./...
// for the documentation:
//
//	TableReloads: {"mayfly_table_reloads_total", Counter, []string{"outcome"}, "Reloads of tables, by outcome."},
//
//	s.metrics.Add(metrics.TableReloads, 1, "failed")
//	s.metrics.Observe(metrics.LookupDuration, took, "crm")
//	s.metrics.Collect(metrics.QueueMessages, func(set metrics.Setter) { set(float64(queue.Len())) })
//
// [Set.Add] is for counters, [Set.Observe] for histograms of durations, and [Set.Collect] for gauges, which are read
// when somebody asks. The values of labels are given in the order of the list. A label must have few values, all of
// them chosen by the program or its configuration: never a device, a path, or any other text of a sender. A metric that
// gets too many all the same counts the rest under the value "other".
//
// A nil [Set] counts nothing and costs nothing. A Set is safe for concurrent use.
//
// The package does not send metrics anywhere: package metrics/push does, over OTLP, and metrics/emf writes them to a
// log. Start reading at list.go; set.go has the Set, handler.go the page for Prometheus.
package metrics
