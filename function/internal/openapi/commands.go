package openapi

import "net/http"

// commandSchema is a cloud-to-device message in an answer.
func commandSchema() schema {
	return object(map[string]schema{
		"name":          text("of the command; empty where its sender gave none"),
		"payload":       {"description": "the message: JSON, a text, or {\"base64\":...} where it is not UTF-8"},
		"id":            text("for the result of the command"),
		"sequence":      count("grows with each message; one that comes again has the same"),
		"correlationId": text("as the command's sender set it"),
	}, "name", "payload", "id", "sequence")
}

// waitParameters are how a request asks for what waits for its device.
func waitParameters() []parameter {
	seconds := schema{"type": "integer", "minimum": 0, "maximum": 60}
	return []parameter{
		{Name: "wait", In: "query", Schema: seconds,
			Description: "answer with the commands that wait for the device, and wait so many seconds for one"},
		{Name: "Prefer", In: "header", Schema: schema{"type": "string"}, Description: "wait=N, for the same"},
		{Name: "hono-ttd", In: "header", Schema: seconds,
			Description: "for the same, answered as Eclipse Hono does: one command, its payload as the body"},
	}
}

// commandRoute is where the results of commands go.
func (b *builder) commandRoute() route {
	return route{
		path: "/api/devices/{deviceId}/commands/{commandId}", methods: []string{http.MethodPost}, kind: kindNative,
		tag: tagTelemetry, id: "command-result", summary: "Tell the result of a command",
		description: "It is sent on as telemetry, with the command's id as correlation id.",
		parameters: []parameter{
			{Name: "deviceId", In: "path", Required: true, Schema: deviceID("the device"), Example: "sensor-1"},
			{Name: "commandId", In: "path", Required: true, Schema: schema{"type": "string", "maxLength": maxID},
				Description: "the id that came with the command", Example: "c-17"},
			{Name: "status", In: "query", Schema: schema{"type": "integer", "minimum": 100, "maximum": 599},
				Description: "how it ended; the body is the result then"},
			{Name: "fleet", In: "query", Schema: schema{"type": "string"},
				Description: "the fleet of the device, where the bridge serves several"},
		},
		body: &requestBody{Content: map[string]mediaType{mediaJSON: {
			Schema: schema{}, Examples: map[string]example{
				"result": {"status and result in the body", map[string]any{"status": 200, "payload": true}},
			},
		}}},
		success: b.withQueued(answers{"200": stored()}),
	}
}
