package openapi

import (
	"mayfly/function/internal/problem"
	"mayfly/httpsend"
)

// The names of the schemas among the components.
const (
	schemaProblem   = "Problem"
	schemaAccepted  = "Accepted"
	schemaQueued    = "Queued"
	schemaResult    = "Result"
	schemaMessage   = "Message"
	schemaMeasured  = "Measurements"
	schemaTimestamp = "Timestamp"
)

// maxID is the length of an id: message.ValidDeviceID and message.ValidMessageID.
const maxID = 128

func ref(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

func text(description string) schema { return schema{"type": "string", "description": description} }

func count(description string) schema {
	return schema{"type": "integer", "minimum": 0, "description": description}
}

func listOf(items schema, description string) schema {
	return schema{"type": "array", "items": items, "description": description}
}

// object makes the schema of an object, of which the members named last are required.
func object(properties map[string]schema, required ...string) schema {
	s := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// deviceID is the id of a device as message.ValidDeviceID takes it.
func deviceID(description string) schema {
	return schema{
		"type": "string", "minLength": 1, "maxLength": maxID,
		"pattern": `^[A-Za-z0-9._:-]*[A-Za-z0-9-]$`, "description": description,
	}
}

func modelID() schema {
	return text("DTMI of the device template, as in dtmi:acme:sensor;1")
}

// schemas are those that operations refer to.
func (b *builder) schemas() map[string]schema {
	codes := make([]string, 0, len(problem.Rows()))
	for _, row := range problem.Rows() {
		codes = append(codes, string(row.Code))
	}
	all := map[string]schema{
		schemaProblem:  problemSchema(codes),
		schemaResult:   resultSchema(codes),
		schemaAccepted: acceptedSchema("delivered"),
		schemaMessage:  b.messageSchema(),
		schemaMeasured: {
			"type": "object", "additionalProperties": true, // generated types have no member without it
			"description": "Measurements by name; numbers keep every digit.",
		},
		schemaTimestamp: timestampSchema(),
	}
	if b.config.QueueTarget != nil {
		all[schemaQueued] = acceptedSchema("accepted")
	}
	return all
}

func timestampSchema() schema {
	return schema{
		"description": "When it was measured: RFC 3339, or seconds, milliseconds, microseconds or nanoseconds " +
			"since 1970. The hub's own time without it.",
		"anyOf": []schema{{"type": "string"}, {"type": "number"}},
	}
}

func problemSchema(codes []string) schema {
	fieldError := object(map[string]schema{
		"path": text("the member, as in device.deviceId"),
		"rule": text("the rule that it breaks"),
		"hint": text("what would be right"),
	}, "path", "rule", "hint")
	upstream := object(map[string]schema{
		"service":    {"enum": []string{"dps", "hub"}},
		"status":     {"type": "integer"},
		"errorCode":  text("the service's own code"),
		"message":    text("the service's own text"),
		"trackingId": text("what the service's support asks for"),
	}, "service")
	upstream["description"] = "what the service behind Mayfly answered"
	s := object(map[string]schema{
		"type":      text("urn:mayfly:error: and the code"),
		"title":     text("what happened"),
		"status":    {"type": "integer", "minimum": 200, "maximum": 599},
		"detail":    text("what happened in this request"),
		"code":      {"type": "string", "enum": codes},
		"retryable": {"type": "boolean", "description": "whether sending the same again can succeed"},
		"requestId": text("the request in the host's log"),
		"delivered": count("messages that the hub has stored in spite of it"),
		"accepted":  count("messages that the queue has stored in spite of it"),
		"errors":    listOf(fieldError, "the members that are wrong; the first ones of many"),
		"results":   listOf(ref(schemaResult), "how each message of a batch fared, in its order"),
		"upstream":  upstream,
	}, "type", "title", "status", "code", "retryable")
	s["description"] = "Why a request was refused (RFC 9457)."
	return s
}

func resultSchema(codes []string) schema {
	s := object(map[string]schema{
		"deviceId":  text("missing where there is none, and in very long answers"),
		"line":      count("the line of the body that cannot be read"),
		"status":    {"type": "integer", "description": "200 when the message is stored, 202 when the queue has it"},
		"code":      {"type": "string", "enum": codes},
		"retryable": {"type": "boolean"},
		"detail":    text("what is wrong with this message"),
	}, "status")
	s["description"] = "How one message of a batch fared."
	return s
}

// acceptedSchema is Mayfly's own answer, which counts at least what is stored by the hub (delivered) or by the queue
// (accepted).
func acceptedSchema(storedBy string) schema {
	s := object(map[string]schema{
		"delivered": count("messages that the hub has stored"),
		"accepted":  count("messages that the queue has stored, and that are delivered later"),
		"ignored":   count("parts of the body that are not telemetry"),
		"reduced":   count("readings that went with those of others, or were left out since nothing has changed"),
		"notes":     listOf(schema{"type": "string"}, "what was left out of the body"),
		"refused":   count("messages that can never be stored, of a batch"),
		"results":   listOf(ref(schemaResult), "how each message of such a batch fared, in its order"),
		"commands":  listOf(commandSchema(), "what waited for the device, where the request asked for it"),
	}, storedBy)
	s["description"] = "Every message is stored, in the IoT hub or in the queue, but for those that are " +
		"refused for good."
	return s
}

func (b *builder) messageSchema() schema {
	device := object(map[string]schema{
		"deviceId":  deviceID("the device; it is provisioned if it has to be"),
		"modelId":   modelID(),
		"gatewayId": deviceID("the gateway that the device is behind"),
		"fleet":     text("the fleet of the device, where the bridge serves several"),
	}, "deviceId")
	s := object(map[string]schema{
		"device":       device,
		"measurements": ref(schemaMeasured),
		"timestamp":    ref(schemaTimestamp),
		"component":    text("the component of the device template that measures"),
		"messageId": {
			"type": "string", "maxLength": maxID,
			"description": "the same for a message and its repetitions",
		},
		"modelId": modelID(),
		"properties": {
			"type": "object", "description": "application properties of the message",
			"additionalProperties": schema{"type": []string{"string", "number", "boolean", "null"}},
		},
	}, "device", "measurements")
	s["description"] = "One message. With its properties it may have " + problem.ByteCount(httpsend.MaxMessage) + "."
	return s
}
