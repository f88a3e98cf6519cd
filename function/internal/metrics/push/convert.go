package push

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/protobuf/encoding/protowire"

	"mayfly/function/internal/otlp"
)

const cumulative = otlp.Uint32(2) // AggregationTemporality

// metricsData makes the message of an export, and counts its points.
func metricsData(from *resource.Resource, scopes []metricdata.ScopeMetrics) (data otlp.Message, points int) {
	var list otlp.List
	for _, scope := range scopes {
		var all otlp.List
		for _, m := range scope.Metrics {
			converted, n := oneMetric(&m)
			all, points = append(all, converted), points+n
		}
		list = append(list, otlp.Message{
			{Number: 1, Name: "scope", Value: otlp.Scope(scope.Scope.Name)},
			{Number: 2, Name: "metrics", Value: all},
		})
	}
	out := otlp.Message{
		{Number: 1, Name: "resource", Value: otlp.About(from)},
		{Number: 2, Name: "scopeMetrics", Value: list},
		{Number: 3, Name: "schemaUrl", Value: otlp.Text(otlp.SchemaURL)},
	}
	return otlp.Message{{Number: 1, Name: "resourceMetrics", Value: otlp.List{out}}}, points
}

// oneMetric converts what the bridge makes of metrics of Prometheus: all values are float64, all sums cumulative.
func oneMetric(m *metricdata.Metrics) (out otlp.Message, points int) {
	out = otlp.Message{
		{Number: 1, Name: "name", Value: otlp.Text(m.Name)},
		{Number: 2, Name: "description", Value: otlp.Text(m.Description)},
		{Number: 3, Name: "unit", Value: otlp.Text(unit(m.Name))},
	}
	temporality := otlp.Field{Number: 2, Name: "aggregationTemporality", Value: cumulative}
	var list otlp.List
	add := func(number protowire.Number, name string, more ...otlp.Field) {
		data := append(otlp.Message{{Number: 1, Name: "dataPoints", Value: list}}, more...)
		out = append(out, otlp.Field{Number: number, Name: name, Value: data})
	}
	switch data := m.Data.(type) {
	case metricdata.Gauge[float64]:
		list = numbers(data.DataPoints)
		add(5, "gauge")
	case metricdata.Sum[float64]:
		list = numbers(data.DataPoints)
		add(7, "sum", temporality, otlp.Field{Number: 3, Name: "isMonotonic", Value: otlp.Bool(data.IsMonotonic)})
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			list = append(list, histogram(&p))
		}
		add(9, "histogram", temporality)
	case metricdata.ExponentialHistogram[float64]:
		for _, p := range data.DataPoints {
			list = append(list, exponentialHistogram(&p))
		}
		add(10, "exponentialHistogram", temporality)
	case metricdata.Summary:
		for _, p := range data.DataPoints {
			list = append(list, summary(&p))
		}
		add(11, "summary")
	}
	return out, len(list)
}

// unit gives the unit of a metric by its name, as Prometheus' rules for names have it.
func unit(name string) string {
	name = strings.TrimSuffix(name, "_total")
	switch {
	case strings.HasSuffix(name, "_seconds"):
		return "s"
	case strings.HasSuffix(name, "_bytes"):
		return "By"
	}
	return "1"
}

// times are the fields of a data point that say since when it counts and when it was read.
func times(start, at time.Time) otlp.Message {
	return otlp.Message{
		{Number: 2, Name: "startTimeUnixNano", Value: nanos(start)},
		{Number: 3, Name: "timeUnixNano", Value: nanos(at)},
	}
}

func histogram(p *metricdata.HistogramDataPoint[float64]) otlp.Message {
	return append(times(p.StartTime, p.Time), otlp.Message{
		{Number: 9, Name: "attributes", Value: otlp.Attributes(p.Attributes.ToSlice())},
		{Number: 4, Name: "count", Value: otlp.Fixed64(p.Count)},
		{Number: 5, Name: "sum", Value: otlp.Double(p.Sum)},
		{Number: 6, Name: "bucketCounts", Value: otlp.Fixed64s(p.BucketCounts)},
		{Number: 7, Name: "explicitBounds", Value: otlp.Doubles(p.Bounds)},
	}...)
}

func exponentialHistogram(p *metricdata.ExponentialHistogramDataPoint[float64]) otlp.Message {
	return append(times(p.StartTime, p.Time), otlp.Message{
		{Number: 1, Name: "attributes", Value: otlp.Attributes(p.Attributes.ToSlice())},
		{Number: 4, Name: "count", Value: otlp.Fixed64(p.Count)},
		{Number: 5, Name: "sum", Value: otlp.Double(p.Sum)},
		{Number: 6, Name: "scale", Value: otlp.Sint32(p.Scale)},
		{Number: 7, Name: "zeroCount", Value: otlp.Fixed64(p.ZeroCount)},
		{Number: 8, Name: "positive", Value: buckets(p.PositiveBucket)},
		{Number: 9, Name: "negative", Value: buckets(p.NegativeBucket)},
		{Number: 14, Name: "zeroThreshold", Value: otlp.Double(p.ZeroThreshold)},
	}...)
}

func buckets(b metricdata.ExponentialBucket) otlp.Message {
	return otlp.Message{
		{Number: 1, Name: "offset", Value: otlp.Sint32(b.Offset)},
		{Number: 2, Name: "bucketCounts", Value: otlp.Uint64s(b.Counts)},
	}
}

func summary(p *metricdata.SummaryDataPoint) otlp.Message {
	var quantiles otlp.List
	for _, q := range p.QuantileValues {
		quantiles = append(quantiles, otlp.Message{
			{Number: 1, Name: "quantile", Value: otlp.Double(q.Quantile)},
			{Number: 2, Name: "value", Value: otlp.Double(q.Value)},
		})
	}
	return append(times(p.StartTime, p.Time), otlp.Message{
		{Number: 7, Name: "attributes", Value: otlp.Attributes(p.Attributes.ToSlice())},
		{Number: 4, Name: "count", Value: otlp.Fixed64(p.Count)},
		{Number: 5, Name: "sum", Value: otlp.Double(p.Sum)},
		{Number: 6, Name: "quantileValues", Value: quantiles},
	}...)
}

func numbers(points []metricdata.DataPoint[float64]) otlp.List {
	out := make(otlp.List, len(points))
	for i, p := range points {
		out[i] = append(times(p.StartTime, p.Time), otlp.Message{
			{Number: 7, Name: "attributes", Value: otlp.Attributes(p.Attributes.ToSlice())},
			{Number: 4, Name: "asDouble", Value: otlp.Double(p.Value)},
		}...)
	}
	return out
}

// nanos gives a time as OTLP has it; 0 where it is not known.
func nanos(t time.Time) otlp.Fixed64 {
	if t.IsZero() {
		return 0
	}
	return otlp.Fixed64(t.UnixNano())
}
