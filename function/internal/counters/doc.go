// Package counters counts, and shows what it has counted in the text format of Prometheus.
//
// It decides nothing of what is counted. Start reading at Set.
package counters
