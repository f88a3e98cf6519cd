package otlp

import (
	"cmp"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"

	"mayfly/function/internal/platform"
)

// SchemaURL is the version of the semantic conventions that the names of attributes are from.
// They are written out: the package with the constants sets thousands of variables at each start.
const SchemaURL = "https://opentelemetry.io/schemas/1.43.0"

const maxAttribute = 1024 // characters of a value

// Resource says who sends the telemetry: what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
// say, before what the host's variables tell. warning is what is wrong with the variables.
func (e *Environment) Resource(host platform.Kind, getenv func(string) string) (r *resource.Resource, warning string) {
	detected := detect(host, getenv)
	pairs, err := parsePairs(e.OTelResourceAttributes)
	if err != nil {
		warning = "OTEL_RESOURCE_ATTRIBUTES: " + err.Error() + "; it is left out"
	}
	for _, pair := range pairs {
		detected[pair[0]] = pair[1]
	}
	detected["service.name"] = cmp.Or(e.OTelServiceName, detected["service.name"])
	attributes := make([]attribute.KeyValue, 0, len(detected))
	for name, value := range detected {
		if value = strings.ToValidUTF8(value[:min(len(value), maxAttribute)], ""); value != "" {
			attributes = append(attributes, attribute.String(strings.ToValidUTF8(name, ""), value))
		}
	}
	return resource.NewWithAttributes(SchemaURL, attributes...), warning
}

func detect(host platform.Kind, getenv func(string) string) map[string]string {
	found := map[string]string{
		"service.name": "mayfly", "service.version": version(), "service.instance.id": instance(),
		"telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "go", "telemetry.sdk.version": sdk.Version(),
	}
	switch host {
	case platform.Lambda:
		found["cloud.provider"], found["cloud.platform"] = "aws", "aws_lambda"
		found["cloud.region"], found["faas.name"] = getenv("AWS_REGION"), getenv("AWS_LAMBDA_FUNCTION_NAME")
		found["faas.version"] = getenv("AWS_LAMBDA_FUNCTION_VERSION")
		found["faas.instance"] = getenv("AWS_LAMBDA_LOG_STREAM_NAME")
	case platform.Functions:
		found["cloud.provider"], found["cloud.platform"] = "azure", "azure.functions"
		found["cloud.region"], found["faas.name"] = getenv("REGION_NAME"), getenv("WEBSITE_SITE_NAME")
		found["faas.instance"] = getenv("WEBSITE_INSTANCE_ID")
	case platform.Server:
		found["host.name"] = getenv("HOSTNAME")
	}
	found["service.name"] = cmp.Or(found["faas.name"], found["service.name"])
	return found
}

// instance names this process, the same in all that it exports.
var instance = sync.OnceValue(uuid.NewString)

// version is that of the module in the program; empty where it was not built as one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return ""
}
