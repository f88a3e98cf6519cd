package openapi

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mayfly/function/internal/config"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
)

// route is a fixed route: one that no source makes.
type route struct {
	path        string
	methods     []string
	kind        kind
	tag         string
	id          string // of its operations, behind the method
	summary     string
	description string
	parameters  []parameter
	body        *requestBody
	success     map[string]*response
	security    *[]securityRequirement
}

// nobody is the security of what anybody may ask.
var nobody = &[]securityRequirement{}

// routes gives the fixed routes that are served.
func (b *builder) routes() []route {
	list := b.telemetryRoutes()
	list = append(list,
		b.page("/", "root", "Tell whether the bridge is up", mediaText, "mayfly\n"),
		b.page("/healthz", "healthz", "Tell whether the bridge is up, for probes", mediaText, "mayfly\n"),
		b.ready())
	if b.config.Host == platform.Server {
		list = append(list, b.metrics())
	}
	if b.config.APIDocs != config.APIDocsOff {
		const summary = "Read the contract as a page, and try it"
		list = append(list, b.contract(), b.page("/docs", "docs", summary, "text/html", ""))
	}
	return list
}

// ready is the route that tells whether the bridge has read what it needs.
func (b *builder) ready() route {
	r := b.page("/readyz", "readyz", "Tell whether the bridge takes requests, for probes", mediaText, "mayfly\n")
	r.success["503"] = &response{
		Description: "A table that messages need cannot be read yet: the text says which.",
		Content:     map[string]mediaType{mediaText: {Schema: schema{"type": "string"}}},
	}
	return r
}

// metrics is the route of scrapes.
func (b *builder) metrics() route {
	text := mediaType{Schema: schema{"type": "string"}}
	r := b.page("/metrics", "metrics", "Read the metrics, as Prometheus asks for them", mediaText, "")
	r.success["200"].Content["application/openmetrics-text"] = text
	r.success["200"].Content["application/vnd.google.protobuf"] = text
	r.success["503"] = &response{
		Description: "Too many ask at one time.", Content: map[string]mediaType{mediaText: text},
	}
	return r
}

// page is a route that anybody may read.
func (b *builder) page(path, id, summary, media, body string) route {
	m := mediaType{Schema: schema{"type": "string"}}
	if body != "" {
		m.Examples = map[string]example{"answer": {Value: body}}
	}
	return route{
		path: path, id: id, tag: tagService, summary: summary, methods: []string{http.MethodGet, http.MethodHead},
		security: nobody,
		success: map[string]*response{"200": {
			Description: "As asked for.", Content: map[string]mediaType{media: m},
		}},
	}
}

// contract is the route of this document.
func (b *builder) contract() route {
	r := b.page("/openapi.json", "contract", "Read this document", mediaJSON, "")
	r.success["200"].Description = "OpenAPI 3.1, of the running configuration."
	r.success["200"].Content[mediaJSON] = mediaType{Schema: schema{"type": "object"}}
	r.success["304"] = &response{Description: "The document has not changed since If-None-Match."}
	if b.config.APIDocs == config.APIDocsCallers {
		r.security = nil
	}
	return r
}

// telemetryRoutes are the routes of messages that no source names.
func (b *builder) telemetryRoutes() []route {
	native := b.withQueued(answers{"200": stored(), "207": b.partly()})
	send := route{
		path: "/api/telemetry", methods: []string{http.MethodPost}, kind: kindNative, tag: tagTelemetry,
		id: "telemetry", summary: "Send messages of one device or of several",
		description: "The format of Microsoft's iotc-device-bridge, and a little more. One object is one message; " +
			"an array, or one object a line (NDJSON), is a batch. " + b.bodyLimits(),
		parameters: waitParameters(), body: b.nativeBody(), success: native,
	}
	device := route{
		path: "/api/devices/{deviceId}/telemetry", methods: []string{http.MethodPost}, kind: kindNative,
		tag: tagTelemetry, id: "device-telemetry", summary: "Send the measurements of one device",
		description: "The body is the measurements themselves, in any supported content type; a list, or several " +
			"rows, are several messages. " + b.bodyLimits(),
		parameters: append(deviceParameters(), waitParameters()...), body: b.deviceBody(), success: native,
	}
	ingest := route{
		path: "/api/ingest", methods: []string{http.MethodGet, http.MethodPost, http.MethodPut}, kind: kindMapped,
		tag: tagTelemetry, id: "ingest", summary: "Send what an IoT cloud sends; the source is detected",
		description: "The answer is that of the source which is detected. " + b.bodyLimits(),
		body: &requestBody{
			Description: "as the sender writes it", Content: anyContent(mediaJSON, "application/x-www-form-urlencoded",
				mediaText, "application/cbor", "application/msgpack", "application/xml", "application/octet-stream"),
		},
		success: b.anySuccess(),
	}
	list := []route{send, device, b.commandRoute(), b.downlinkRoute(), ingest, handshake("/api/ingest", "ingest")}
	for _, path := range []string{"/api/IoTCIntegration", "/api/iotcintegration"} {
		old := send
		old.path, old.kind = path, kindBridge
		old.success = answers{"200": b.storedOrQueued(), "207": b.partly()} // it knows 200 alone
		old.id = "bridge-" + strconv.Itoa(len(list)-5)
		old.methods = []string{http.MethodGet, http.MethodPost}
		old.summary = "Send messages as to Microsoft's iotc-device-bridge"
		old.description = "For devices that know the name of its function, and its statuses: 400 for what is wrong " +
			"with a message, 500 for what is wrong behind the bridge. " + b.bodyLimits()
		list = append(list, old)
	}
	if b.config.DeviceGet {
		list = append(list, deviceQuery(native))
	}
	return list
}

// deviceQuery is the route of measurements in the query.
func deviceQuery(success map[string]*response) route {
	measurements := readings(map[string]example{"temperature": {Value: map[string]any{"temperature": "21.5"}}})
	return route{
		path: "/api/devices/{deviceId}/telemetry", methods: []string{http.MethodGet}, kind: kindNative,
		tag: tagTelemetry, id: "device-telemetry", summary: "Send the measurements of one device in the query",
		description: "For firmware that can do nothing else. Every call sends a message, and its answer is never " +
			"cached.",
		parameters: append(deviceParameters(), measurements), success: success,
	}
}

// anySuccess are the answers of a route whose source is detected: those of all sources, in
// one.
func (b *builder) anySuccess() map[string]*response {
	a := b.withQueued(answers{"200": stored()})
	a["200"].Content[mediaText] = mediaType{Schema: schema{"type": "string"}}
	a["200"].Content[mediaJSON] = mediaType{Schema: schema{}}
	a.add("204", &response{Description: "Everything is stored, and the sender wants to hear nothing of it."})
	a.add("2XX", &response{Description: "As the source which is detected answers."})
	return a
}

// handshake is what senders of CloudEvents ask first.
func handshake(path, id string) route {
	return route{
		path: path, methods: []string{http.MethodOptions}, tag: tagTelemetry, id: id + "-handshake",
		summary:     "Ask whether CloudEvents may be delivered here",
		description: "The handshake of the CloudEvents specification for webhooks.", security: nobody,
		parameters: []parameter{{
			Name: "WebHook-Request-Origin", In: "header", Required: true, Description: "who asks",
			Schema: schema{"type": "string"}, Example: "eventgrid.azure.net",
		}},
		success: map[string]*response{"200": {
			Description: "They may.", Headers: map[string]header{
				"WebHook-Allowed-Origin": {"who may deliver: who has asked", true, schema{"type": "string"}},
			},
		}},
	}
}

func (b *builder) bodyLimits() string {
	return "A body may have " + problem.ByteCount(b.config.BodyLimit) + ", after decompression (gzip, deflate or " +
		"zstd), and " + strconv.Itoa(b.config.MaxMessages) + " messages."
}

func (b *builder) nativeBody() *requestBody {
	list := listOf(ref(schemaMessage), "a batch")
	list["minItems"], list["maxItems"] = 1, b.config.MaxMessages
	one := map[string]any{
		"device": map[string]any{"deviceId": "sensor-1"}, "measurements": map[string]any{"temperature": 21.5},
	}
	other := map[string]any{
		"device": map[string]any{"deviceId": "sensor-2"}, "measurements": map[string]any{"temperature": 19},
		"timestamp": "2026-03-14T10:00:00Z", "properties": map[string]any{"room": "hall"},
	}
	return &requestBody{Required: true, Content: map[string]mediaType{
		mediaJSON: {Schema: schema{"oneOf": []schema{ref(schemaMessage), list}}, Examples: map[string]example{
			"message": {"one message", one}, "batch": {"a batch of two devices", []any{one, other}},
		}},
		"application/x-ndjson": {Schema: schema{"type": "string"}, Examples: map[string]example{
			"batch": {"a message a line", `{"device":{"deviceId":"sensor-1"},"measurements":{"n":1}}` + "\n" +
				`{"device":{"deviceId":"sensor-1"},"measurements":{"n":2}}` + "\n"},
		}},
	}}
}

func (b *builder) deviceBody() *requestBody {
	content := anyContent("application/cbor", "application/msgpack", "application/senml+json", "application/senml+cbor",
		"application/xml", "application/x-www-form-urlencoded")
	list := listOf(ref(schemaMeasured), "several messages")
	list["minItems"], list["maxItems"] = 1, b.config.MaxMessages
	content[mediaJSON] = mediaType{
		Schema: schema{"oneOf": []schema{ref(schemaMeasured), list}}, Examples: map[string]example{
			"measurements": {"one message", map[string]any{"temperature": 21.5, "humidity": 48}},
		},
	}
	content["text/csv"] = mediaType{Schema: schema{"type": "string"}, Examples: map[string]example{
		"rows": {"a message a row", "temperature,humidity\n21.5,48\n21.7,47\n"},
	}}
	content["application/x-ndjson"] = mediaType{Schema: schema{"type": "string"}}
	return &requestBody{Required: true, Content: content}
}

func anyContent(names ...string) map[string]mediaType {
	content := map[string]mediaType{}
	for _, name := range names {
		content[name] = mediaType{Schema: schema{}}
	}
	return content
}

func deviceParameters() []parameter {
	of := func(name, description string, s schema) parameter {
		return parameter{Name: name, In: "query", Description: description, Schema: s}
	}
	plain := schema{"type": "string"}
	return []parameter{
		{Name: "deviceId", In: "path", Required: true, Schema: deviceID("the device"), Example: "sensor-1"},
		of("timestamp", "when it was measured; + is written as %2B", ref(schemaTimestamp)),
		of("modelId", "DTMI of the device template", plain),
		of("component", "the component of the device template that measures", plain),
		of("messageId", "the same for a message and its repetitions", plain),
		of("gatewayId", "the gateway that the device is behind", plain),
		of("fleet", "the fleet of the device, where the bridge serves several", plain),
		{
			Name: "Idempotency-Key", In: "header", Schema: plain,
			Description: "the same for a request and its repetitions; messages without an id get theirs from it",
		},
	}
}

// add puts the operations of a route into the paths.
func (b *builder) add(paths map[string]pathItem, r route) {
	if paths[r.path] == nil {
		paths[r.path] = pathItem{}
	}
	for _, method := range r.methods {
		a := answers{}
		b.addProblems(a, r.kind, nil)
		for status, success := range r.success {
			a.add(status, clone(success))
		}
		o := &operation{
			OperationID: strings.ToLower(method) + "-" + r.id, Tags: []string{r.tag}, Summary: r.summary,
			Description: r.description, Parameters: slices.Clone(r.parameters), Security: r.security,
		}
		switch method {
		case http.MethodHead:
			for _, have := range a {
				have.Content = nil
			}
		case http.MethodGet:
			if r.body != nil {
				o.Parameters = append(o.Parameters, readings(nil))
			}
		case http.MethodPost, http.MethodPut:
			o.RequestBody = r.body
		}
		o.Responses = b.finish(a)
		paths[r.path][strings.ToLower(method)] = o
	}
}

// readings is the query of a sender that puts all that it has to say there.
func readings(examples map[string]example) parameter {
	explode := true
	return parameter{
		Name: "readings", In: "query", Style: "form", Explode: &explode,
		Description: "what the sender measures, and whose it is: a parameter each",
		Schema:      schema{"type": "object", "additionalProperties": schema{"type": "string"}},
		Examples:    maps.Clone(examples),
	}
}
