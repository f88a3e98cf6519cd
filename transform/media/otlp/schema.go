package otlp

import "google.golang.org/protobuf/encoding/protowire"

// kind is the type of a field, and how JSON writes it.
type kind uint8

const (
	text       kind = iota // string
	idBytes                // bytes; hex in OTLP's JSON
	plainBytes             // bytes; base64
	boolean                // bool
	double                 // double; a number
	fixed64                // a decimal text
	sfixed64               // a decimal text
	fixed32                // a number
	uvarint64              // uint64; a decimal text
	varint64               // int64; a decimal text
	varint32               // int32 and enumerations; a number
	uvarint32              // uint32; a number
	zigzag32               // sint32; a number
	object                 // a message
)

// wire gives the wire type of a kind.
func (k kind) wire() protowire.Type {
	switch k {
	case text, idBytes, plainBytes, object:
		return protowire.BytesType
	case double, fixed64, sfixed64:
		return protowire.Fixed64Type
	case fixed32:
		return protowire.Fixed32Type
	case boolean, uvarint64, varint64, varint32, uvarint32, zigzag32:
		return protowire.VarintType
	}
	return protowire.BytesType
}

// field is a field of a message.
type field struct {
	number protowire.Number
	name   string // in JSON
	kind   kind
	list   bool
	of     messageID // for object
}

// messageID names a message of the table.
type messageID uint8

const (
	metricsRequest messageID = iota
	traceRequest
	logsRequest
	resource
	scope
	keyValue
	anyValue
	arrayValue
	kvList
	resourceMetrics
	scopeMetrics
	metric
	gauge
	sum
	histogram
	exponentialHistogram
	summary
	numberPoint
	histogramPoint
	exponentialPoint
	buckets
	summaryPoint
	quantile
	exemplar
	resourceSpans
	scopeSpans
	span
	spanEvent
	spanLink
	spanStatus
	resourceLogs
	scopeLogs
	logRecord
	entityRef
)

// schema are the messages of opentelemetry-proto 1.x, by field number.
var schema = [...][]field{
	metricsRequest: {{1, "resourceMetrics", object, true, resourceMetrics}},
	traceRequest:   {{1, "resourceSpans", object, true, resourceSpans}},
	logsRequest:    {{1, "resourceLogs", object, true, resourceLogs}},
	resource: {
		{1, "attributes", object, true, keyValue}, {2, "droppedAttributesCount", uvarint32, false, 0},
		{3, "entityRefs", object, true, entityRef},
	},
	entityRef: {
		{1, "schemaUrl", text, false, 0}, {2, "type", text, false, 0},
		{3, "idKeys", text, true, 0}, {4, "descriptionKeys", text, true, 0},
	},
	scope: {
		{1, "name", text, false, 0}, {2, "version", text, false, 0},
		{3, "attributes", object, true, keyValue}, {4, "droppedAttributesCount", uvarint32, false, 0},
	},
	keyValue: {
		{1, "key", text, false, 0}, {2, "value", object, false, anyValue}, {3, "keyStrindex", varint32, false, 0},
	},
	anyValue: {
		{1, "stringValue", text, false, 0}, {2, "boolValue", boolean, false, 0}, {3, "intValue", varint64, false, 0},
		{4, "doubleValue", double, false, 0}, {5, "arrayValue", object, false, arrayValue},
		{6, "kvlistValue", object, false, kvList}, {7, "bytesValue", plainBytes, false, 0}, {8, "stringValueStrindex", varint32, false, 0},
	},
	arrayValue: {{1, "values", object, true, anyValue}},
	kvList:     {{1, "values", object, true, keyValue}},
	resourceMetrics: {
		{1, "resource", object, false, resource}, {2, "scopeMetrics", object, true, scopeMetrics},
		{3, "schemaUrl", text, false, 0},
	},
	scopeMetrics: {
		{1, "scope", object, false, scope}, {2, "metrics", object, true, metric}, {3, "schemaUrl", text, false, 0},
	},
	metric: {
		{1, "name", text, false, 0}, {2, "description", text, false, 0}, {3, "unit", text, false, 0},
		{5, "gauge", object, false, gauge}, {7, "sum", object, false, sum}, {9, "histogram", object, false, histogram},
		{10, "exponentialHistogram", object, false, exponentialHistogram}, {11, "summary", object, false, summary},
		{12, "metadata", object, true, keyValue},
	},
	gauge: {{1, "dataPoints", object, true, numberPoint}},
	sum: {
		{1, "dataPoints", object, true, numberPoint}, {2, "aggregationTemporality", varint32, false, 0},
		{3, "isMonotonic", boolean, false, 0},
	},
	histogram: {
		{1, "dataPoints", object, true, histogramPoint}, {2, "aggregationTemporality", varint32, false, 0},
	},
	exponentialHistogram: {
		{1, "dataPoints", object, true, exponentialPoint}, {2, "aggregationTemporality", varint32, false, 0},
	},
	summary: {{1, "dataPoints", object, true, summaryPoint}},
	numberPoint: {
		{2, "startTimeUnixNano", fixed64, false, 0}, {3, "timeUnixNano", fixed64, false, 0},
		{4, "asDouble", double, false, 0}, {5, "exemplars", object, true, exemplar}, {6, "asInt", sfixed64, false, 0},
		{7, "attributes", object, true, keyValue}, {8, "flags", uvarint32, false, 0},
	},
	histogramPoint: {
		{2, "startTimeUnixNano", fixed64, false, 0}, {3, "timeUnixNano", fixed64, false, 0},
		{4, "count", fixed64, false, 0}, {5, "sum", double, false, 0}, {6, "bucketCounts", fixed64, true, 0},
		{7, "explicitBounds", double, true, 0}, {8, "exemplars", object, true, exemplar},
		{9, "attributes", object, true, keyValue}, {10, "flags", uvarint32, false, 0},
		{11, "min", double, false, 0}, {12, "max", double, false, 0},
	},
	exponentialPoint: {
		{1, "attributes", object, true, keyValue}, {2, "startTimeUnixNano", fixed64, false, 0},
		{3, "timeUnixNano", fixed64, false, 0}, {4, "count", fixed64, false, 0}, {5, "sum", double, false, 0},
		{6, "scale", zigzag32, false, 0}, {7, "zeroCount", fixed64, false, 0}, {8, "positive", object, false, buckets},
		{9, "negative", object, false, buckets}, {10, "flags", uvarint32, false, 0},
		{11, "exemplars", object, true, exemplar}, {12, "min", double, false, 0}, {13, "max", double, false, 0},
		{14, "zeroThreshold", double, false, 0},
	},
	buckets: {{1, "offset", zigzag32, false, 0}, {2, "bucketCounts", uvarint64, true, 0}},
	summaryPoint: {
		{2, "startTimeUnixNano", fixed64, false, 0}, {3, "timeUnixNano", fixed64, false, 0},
		{4, "count", fixed64, false, 0}, {5, "sum", double, false, 0}, {6, "quantileValues", object, true, quantile},
		{7, "attributes", object, true, keyValue}, {8, "flags", uvarint32, false, 0},
	},
	quantile: {{1, "quantile", double, false, 0}, {2, "value", double, false, 0}},
	exemplar: {
		{2, "timeUnixNano", fixed64, false, 0}, {3, "asDouble", double, false, 0}, {4, "spanId", idBytes, false, 0},
		{5, "traceId", idBytes, false, 0}, {6, "asInt", sfixed64, false, 0},
		{7, "filteredAttributes", object, true, keyValue},
	},
	resourceSpans: {
		{1, "resource", object, false, resource}, {2, "scopeSpans", object, true, scopeSpans},
		{3, "schemaUrl", text, false, 0},
	},
	scopeSpans: {
		{1, "scope", object, false, scope}, {2, "spans", object, true, span}, {3, "schemaUrl", text, false, 0},
	},
	span: {
		{1, "traceId", idBytes, false, 0}, {2, "spanId", idBytes, false, 0}, {3, "traceState", text, false, 0},
		{4, "parentSpanId", idBytes, false, 0}, {5, "name", text, false, 0}, {6, "kind", varint32, false, 0},
		{7, "startTimeUnixNano", fixed64, false, 0}, {8, "endTimeUnixNano", fixed64, false, 0},
		{9, "attributes", object, true, keyValue}, {10, "droppedAttributesCount", uvarint32, false, 0},
		{11, "events", object, true, spanEvent}, {12, "droppedEventsCount", uvarint32, false, 0},
		{13, "links", object, true, spanLink}, {14, "droppedLinksCount", uvarint32, false, 0},
		{15, "status", object, false, spanStatus}, {16, "flags", fixed32, false, 0},
	},
	spanEvent: {
		{1, "timeUnixNano", fixed64, false, 0}, {2, "name", text, false, 0}, {3, "attributes", object, true, keyValue},
		{4, "droppedAttributesCount", uvarint32, false, 0},
	},
	spanLink: {
		{1, "traceId", idBytes, false, 0}, {2, "spanId", idBytes, false, 0}, {3, "traceState", text, false, 0},
		{4, "attributes", object, true, keyValue}, {5, "droppedAttributesCount", uvarint32, false, 0},
		{6, "flags", fixed32, false, 0},
	},
	spanStatus: {{2, "message", text, false, 0}, {3, "code", varint32, false, 0}},
	resourceLogs: {
		{1, "resource", object, false, resource}, {2, "scopeLogs", object, true, scopeLogs},
		{3, "schemaUrl", text, false, 0},
	},
	scopeLogs: {
		{1, "scope", object, false, scope}, {2, "logRecords", object, true, logRecord},
		{3, "schemaUrl", text, false, 0},
	},
	logRecord: {
		{1, "timeUnixNano", fixed64, false, 0}, {2, "severityNumber", varint32, false, 0},
		{3, "severityText", text, false, 0}, {5, "body", object, false, anyValue},
		{6, "attributes", object, true, keyValue}, {7, "droppedAttributesCount", uvarint32, false, 0},
		{8, "flags", fixed32, false, 0}, {9, "traceId", idBytes, false, 0}, {10, "spanId", idBytes, false, 0},
		{11, "observedTimeUnixNano", fixed64, false, 0}, {12, "eventName", text, false, 0},
	},
}

// find gives a field of a message; nil for one that is not known.
func (m messageID) find(number protowire.Number) *field {
	fields := schema[m]
	for i := range fields {
		if fields[i].number == number {
			return &fields[i]
		}
	}
	return nil
}
