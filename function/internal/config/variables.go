package config

import (
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"mayfly/dps"
)

// Variable is a variable of the environment. The table in the documentation is
// made from these.
type Variable struct {
	Name    string
	Doc     string
	Default string
}

// Variables gives all variables, in the order of the documentation.
func Variables() []Variable {
	defaults := map[string]string{"DPS_ENDPOINT": dps.GlobalEndpoint}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if value, has := field.Tag.Lookup("envDefault"); has {
			defaults[field.Tag.Get("env")] = value
		}
	}
	all := slices.Clone(variables)
	for i := range all {
		all[i].Default = defaults[all[i].Name]
	}
	return all
}

var variables = []Variable{
	{Name: "ID_SCOPE", Doc: "DPS ID scope (name kept from Microsoft's bridge)"},
	{Name: "GROUP_KEY", Doc: "enrollment group's key, base64: the value, or a reference: file:PATH, a Key Vault " +
		"secret URL, a Secrets Manager or SSM parameter ARN"},
	{Name: "GROUP_KEY_SECONDARY", Doc: "the group's other key, likewise; tried where DPS refuses the first"},
	{Name: "IOTC_KEY_URL", Doc: "Key Vault secret URL of the group's key (name kept from Microsoft's bridge)"},
	{Name: "DEVICE_KEYS", Doc: "keys of individual enrollments: a reference to YAML or JSON, id: key or id: " +
		"[primary, secondary]"},
	{Name: "DEVICE_CERTS", Doc: "folder with an ID.pem for each device that has a certificate of its own: chain and " +
		"private key"},
	{Name: "DEVICE_CA", Doc: "a CA that is enrolled in DPS and issues short-lived device certificates: a reference " +
		"to PEM, its certificate first, its chain, its private key"},
	{Name: "LEAF_LIFETIME", Doc: "how long a certificate of DEVICE_CA is used"},
	{Name: "DPS_ENDPOINT", Doc: "host, or https URL"},
	{Name: "MODEL_ID", Doc: "DTMI sent when a message names none"},
	{Name: "TEMPLATES", Doc: "device templates: files, folders and patterns, comma-separated; DTDL or IoT " +
		"Central's export"},
	{Name: "TEMPLATE", Doc: "what happens to telemetry that does not fit them: off, report, coerce or require; " +
		"report where there are templates"},
	{Name: "HUB_HINT", Doc: "hub to try first for a device that this instance does not know; otherwise learned"},
	{Name: "HUB_IDLE_TIMEOUT", Doc: "when an idle hub connection is closed; 0 closes it after every send"},
	{Name: "REQUEST_TIMEOUT", Doc: "budget of one request outside Lambda"},
	{Name: "DEDUP_WINDOW", Doc: "how long a stored message id is remembered, so that a resend is answered without " +
		"being sent again; 0 switches it off"},
	{Name: "BODY_LIMIT", Doc: "largest body in bytes, after decompression"},
	{Name: "HUB_SUFFIXES", Doc: "domains of hubs beside .azure-devices.net, .azure-devices.us and .azure-devices.cn, " +
		"comma-separated; no device's token goes anywhere else"},
	{Name: "AUTH", Doc: "keys (callers with a key, token or certificate), platform (the host checked " +
		"already), none; platform on Azure, must be set elsewhere"},
	{Name: "API_KEYS", Doc: "for AUTH=keys: comma-separated name=sha256:HEX; the same name twice is one caller " +
		"with two keys. callers in the configuration file say more"},
	{Name: "DEVICE_RATE", Doc: "messages of one device that an instance takes, as in 10/s, 60/m or 1000/h; no limit " +
		"when empty"},
	{Name: "MAX_IN_FLIGHT", Doc: "requests that an instance works on at one time; more are answered 503 at once. " +
		"Where it is not set, fewer with less than 256 MB of memory"},
	{Name: "MAX_MESSAGES", Doc: "messages of one request"},
	{Name: "DEVICE_GET", Doc: "whether GET /api/devices/{deviceId}/telemetry?temp=21.5 sends a message, for firmware " +
		"that can do nothing else"},
	{Name: "TRUSTED_PROXIES", Doc: "addresses and ranges of the proxies in front whose X-Forwarded-For is believed, " +
		"comma-separated; for allowFrom of a source, and to tell slow senders apart"},
	{Name: "TLS_CERT", Doc: "plain server: file with its certificate and chain, PEM; HTTPS then, read again when " +
		"it changes"},
	{Name: "TLS_KEY", Doc: "plain server: file with the certificate's private key, PEM"},
	{Name: "PORT", Doc: "plain server"},
	{Name: "HOST", Doc: "plain server; all interfaces when empty"},
	{Name: "BASE_PATH", Doc: "path that a reverse proxy, a load balancer's rule or a CDN in front adds to every " +
		"path, as in /iot for /iot/api/telemetry; custom domains of API Gateway are recognised without it"},
	{Name: "API_DOCS", Doc: "who may read /openapi.json and /docs: public (everybody, but sources of your own only " +
		"callers with a credential), callers, or off"},
	{Name: "QUEUE", Doc: "durable mode: file:DIR, sqs:URL, azure-queue:URL or nats://HOST, where messages wait that " +
		"the hub does not take now; nothing is queued when empty. See [durable.md](durable.md)"},
	{Name: "DURABLE", Doc: "which messages are queued, of sources that do not say: never, fallback (those that the " +
		"hub does not take in time) or always; fallback when empty"},
	{Name: "QUEUE_SIGNING_KEY", Doc: "signs what is queued, so that nobody else who may write into the queue can " +
		"speak for devices: 16 characters or more, or a reference as for GROUP_KEY; of several with commas between " +
		"them, the first signs and all verify"},
	{Name: "QUEUE_WORKERS", Doc: "devices whose queued messages an instance delivers at one time"},
	{Name: "QUEUE_ALLOW_UNSYNCED", Doc: "take a NATS server that acknowledges messages before they are on its disk"},
	{Name: "STATE", Doc: "store that instances share for rates, deduplication and used signatures: " +
		"redis://[USER:PASSWORD@]HOST:6379, or rediss:// for TLS; nothing is shared when empty. See " +
		"[durable.md](durable.md#shared-limits)"},
	{Name: "CONFIG", Doc: "path of the configuration file, which has sources of your own, callers and fleets; " +
		"mayfly.yaml where there is one"},
	{
		Name: "AWS_CONFIRM_DESTINATIONS",
		Doc: "confirm to AWS IoT that this endpoint may be a destination of its rules, for as long " +
			"as one is set up",
	},
	{Name: "METRICS", Doc: "emf writes metrics into the log for CloudWatch, a line per request; off counts nothing; " +
		"when empty the plain server shows them at /metrics. See [metrics.md](metrics.md)"},
	{Name: "METRICS_NAMESPACE", Doc: "for METRICS=emf: the namespace in CloudWatch"},
	{Name: "TRACEPARENT_PROPERTY", Doc: "give each event the W3C trace context of its request, as the application " +
		"properties traceparent and tracestate; an event that has them keeps its own"},
	{Name: "LOG_LEVEL", Doc: "debug, info, warn or error"},
	{Name: "LOG_FORMAT", Doc: "json or text, to stdout"},
	{Name: "OTEL_SDK_DISABLED", Doc: "true switches all telemetry about the bridge off"},
	{Name: "OTEL_SERVICE_NAME", Doc: "service.name; the function's name in a cloud and mayfly elsewhere when empty"},
	{Name: "OTEL_RESOURCE_ATTRIBUTES", Doc: "more about the bridge: name=value, comma-separated, percent-encoded"},
	{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Doc: "receiver of telemetry about the bridge, as in " +
		"http://localhost:4318, to which v1/traces and v1/metrics are added; nothing is exported when empty"},
	{Name: "OTEL_EXPORTER_OTLP_HEADERS", Doc: "header fields for it: name=value, comma-separated, percent-encoded; " +
		"or a reference to them as for GROUP_KEY"},
	{Name: "OTEL_EXPORTER_OTLP_PROTOCOL", Doc: "http/protobuf or http/json"},
	{Name: "OTEL_EXPORTER_OTLP_TIMEOUT", Doc: "of one export with its retries, in milliseconds"},
	{Name: "OTEL_EXPORTER_OTLP_COMPRESSION", Doc: "gzip or none"},
	{Name: "OTEL_TRACES_EXPORTER", Doc: "otlp, or none to export no traces"},
	{Name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Doc: "URL for traces alone, used as it is; likewise the next four"},
	{Name: "OTEL_EXPORTER_OTLP_TRACES_HEADERS", Doc: "for traces alone"},
	{Name: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", Doc: "for traces alone"},
	{Name: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", Doc: "for traces alone"},
	{Name: "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", Doc: "for traces alone"},
	{Name: "OTEL_METRICS_EXPORTER", Doc: "otlp, or none to export no metrics"},
	{Name: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Doc: "URL for metrics alone, used as it is; likewise the next four"},
	{Name: "OTEL_EXPORTER_OTLP_METRICS_HEADERS", Doc: "for metrics alone"},
	{Name: "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", Doc: "for metrics alone"},
	{Name: "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", Doc: "for metrics alone"},
	{Name: "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", Doc: "for metrics alone"},
	{Name: "OTEL_METRIC_EXPORT_INTERVAL", Doc: "between two exports of metrics, in milliseconds, 60000 when empty; " +
		"on Lambda before answers instead, as often as this, before each when empty; likewise lines of METRICS=emf"},
	{Name: "OTEL_TRACES_SAMPLER", Doc: "always_on, always_off, traceidratio, or one of these with parentbased_ " +
		"in front; see [observability.md](observability.md) for senders without a credential"},
	{Name: "OTEL_TRACES_SAMPLER_ARG", Doc: "for traceidratio: the part that is sampled, from 0 to 1; 1 when empty"},
	{Name: "OTEL_BSP_MAX_QUEUE_SIZE", Doc: "spans that wait for their export; more are lost"},
	{Name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", Doc: "spans of one export"},
	{Name: "OTEL_BSP_SCHEDULE_DELAY", Doc: "between two exports, in milliseconds; on Lambda the spans of a request " +
		"are exported before its answer instead"},
	{Name: "OTEL_BSP_EXPORT_TIMEOUT", Doc: "how long the queue waits for one export, in milliseconds"},
}

// environment reads "A=b". Set but empty is the same as not set: SAM templates and
// Functions settings have no other way to leave a variable out.
func environment(environ []string) map[string]string {
	vars := env.ToMap(environ)
	for name, value := range vars {
		if strings.TrimSpace(value) == "" {
			delete(vars, name)
		}
	}
	return vars
}

// wanted says what the variables of a type must look like. The types of this
// project say it in their own errors.
var wanted = map[reflect.Type]string{
	reflect.TypeFor[time.Duration](): "a duration, as in 10s",
	reflect.TypeFor[int]():           "a whole number",
	reflect.TypeFor[int64]():         "a whole number",
	reflect.TypeFor[bool]():          "true or false",
	reflect.TypeFor[slog.Level]():    "debug, info, warn or error",
}

// read sets the fields of c from the variables. Its faults do not repeat a value:
// it might be a secret.
func (c *Config) readVariables(vars map[string]string) []Fault {
	err := env.ParseWithOptions(c, env.Options{Environment: vars})
	all, _ := errors.AsType[env.AggregateError](err)
	var faults []Fault
	for _, one := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](one)
		if !ok {
			faults = append(faults, Fault{Variable: "environment", Problem: one.Error()})
			continue
		}
		problem := parse.Err.Error()
		if want, ok := wanted[parse.Type]; ok {
			problem = "want " + want
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		faults = append(faults, Fault{Variable: field.Tag.Get("env"), Problem: problem})
	}
	return faults
}
