package push

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	pb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	resources "go.opentelemetry.io/proto/slim/otlp/resource/v1"

	"mayfly/function/internal/otlp"
)

const cumulative = pb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE

// metricsData makes the message of an export, and counts its points.
func metricsData(from *resource.Resource, scopes []metricdata.ScopeMetrics) (data *pb.MetricsData, points int) {
	out := &pb.ResourceMetrics{
		Resource:  &resources.Resource{Attributes: attributes(from.Set())},
		SchemaUrl: otlp.SchemaURL,
	}
	for _, scope := range scopes {
		to := &pb.ScopeMetrics{Scope: &common.InstrumentationScope{Name: scope.Scope.Name}}
		for _, m := range scope.Metrics {
			converted, n := oneMetric(&m)
			to.Metrics, points = append(to.Metrics, converted), points+n
		}
		out.ScopeMetrics = append(out.ScopeMetrics, to)
	}
	return &pb.MetricsData{ResourceMetrics: []*pb.ResourceMetrics{out}}, points
}

// oneMetric converts what the bridge makes of metrics of Prometheus: all values are float64, all sums cumulative.
func oneMetric(m *metricdata.Metrics) (out *pb.Metric, points int) {
	out = &pb.Metric{Name: m.Name, Description: m.Description, Unit: unit(m.Name)}
	switch data := m.Data.(type) {
	case metricdata.Gauge[float64]:
		out.Data = &pb.Metric_Gauge{Gauge: &pb.Gauge{DataPoints: numbers(data.DataPoints)}}
		points = len(data.DataPoints)
	case metricdata.Sum[float64]:
		out.Data = &pb.Metric_Sum{Sum: &pb.Sum{
			DataPoints: numbers(data.DataPoints), IsMonotonic: data.IsMonotonic, AggregationTemporality: cumulative,
		}}
		points = len(data.DataPoints)
	case metricdata.Histogram[float64]:
		to := &pb.Histogram{AggregationTemporality: cumulative}
		for _, p := range data.DataPoints {
			to.DataPoints = append(to.DataPoints, &pb.HistogramDataPoint{
				Attributes: attributes(&p.Attributes), StartTimeUnixNano: nanos(p.StartTime),
				TimeUnixNano: nanos(p.Time), Count: p.Count, Sum: &p.Sum, BucketCounts: p.BucketCounts,
				ExplicitBounds: p.Bounds,
			})
		}
		out.Data, points = &pb.Metric_Histogram{Histogram: to}, len(data.DataPoints)
	case metricdata.ExponentialHistogram[float64]:
		to := &pb.ExponentialHistogram{AggregationTemporality: cumulative}
		for _, p := range data.DataPoints {
			to.DataPoints = append(to.DataPoints, &pb.ExponentialHistogramDataPoint{
				Attributes: attributes(&p.Attributes), StartTimeUnixNano: nanos(p.StartTime),
				TimeUnixNano: nanos(p.Time), Count: p.Count, Sum: &p.Sum, Scale: p.Scale, ZeroCount: p.ZeroCount,
				ZeroThreshold: p.ZeroThreshold, Positive: exponential(p.PositiveBucket),
				Negative: exponential(p.NegativeBucket),
			})
		}
		out.Data, points = &pb.Metric_ExponentialHistogram{ExponentialHistogram: to}, len(data.DataPoints)
	case metricdata.Summary:
		to := &pb.Summary{}
		for _, p := range data.DataPoints {
			to.DataPoints = append(to.DataPoints, summary(&p))
		}
		out.Data, points = &pb.Metric_Summary{Summary: to}, len(data.DataPoints)
	}
	return out, points
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

func summary(p *metricdata.SummaryDataPoint) *pb.SummaryDataPoint {
	out := &pb.SummaryDataPoint{
		Attributes: attributes(&p.Attributes), StartTimeUnixNano: nanos(p.StartTime), TimeUnixNano: nanos(p.Time),
		Count: p.Count, Sum: p.Sum,
	}
	for _, q := range p.QuantileValues {
		out.QuantileValues = append(out.QuantileValues,
			&pb.SummaryDataPoint_ValueAtQuantile{Quantile: q.Quantile, Value: q.Value})
	}
	return out
}

func numbers(points []metricdata.DataPoint[float64]) []*pb.NumberDataPoint {
	out := make([]*pb.NumberDataPoint, len(points))
	for i, p := range points {
		out[i] = &pb.NumberDataPoint{
			Attributes: attributes(&p.Attributes), StartTimeUnixNano: nanos(p.StartTime),
			TimeUnixNano: nanos(p.Time), Value: &pb.NumberDataPoint_AsDouble{AsDouble: p.Value},
		}
	}
	return out
}

func exponential(b metricdata.ExponentialBucket) *pb.ExponentialHistogramDataPoint_Buckets {
	return &pb.ExponentialHistogramDataPoint_Buckets{Offset: b.Offset, BucketCounts: b.Counts}
}

// nanos gives a time as OTLP has it; 0 where it is not known.
func nanos(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

// attributes converts labels and what describes the sender: all of them are texts.
func attributes(set *attribute.Set) []*common.KeyValue {
	out := make([]*common.KeyValue, 0, set.Len())
	for iter := set.Iter(); iter.Next(); {
		kv := iter.Attribute()
		value := &common.AnyValue_StringValue{StringValue: kv.Value.AsString()}
		out = append(out, &common.KeyValue{Key: string(kv.Key), Value: &common.AnyValue{Value: value}})
	}
	return out
}
