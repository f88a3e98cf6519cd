package openapi

import "net/http"

// downlinkRoute is where messages for devices come in.
func (b *builder) downlinkRoute() route {
	event := object(map[string]schema{
		"deviceId":  deviceID("the device that gets the message"),
		"name":      text("of a command"),
		"payload":   {"description": "what the codec encodes: of a command, its parameter"},
		"hex":       text("bytes, in place of a payload"),
		"base64":    text("likewise"),
		"fPort":     {"type": "integer", "minimum": 1, "maximum": 223},
		"confirmed": {"type": "boolean"},
		"id":        text("of the event"),
	}, "deviceId")
	pushed := stored()
	pushed.Description = "The cloud has taken every message; or the validation of an Event Grid subscription."
	pushed.Content = map[string]mediaType{mediaJSON: {Schema: schema{"anyOf": []schema{
		ref(schemaAccepted),
		object(map[string]schema{"validationResponse": text("the code of the event")}, "validationResponse"),
	}}}}
	return route{
		path: "/api/downlink/{source}", methods: []string{http.MethodPost}, kind: kindBack, tag: tagTelemetry,
		id: "downlink", summary: "Push messages to devices at once",
		description: "Events of IoT Central's data export, of Event Grid, or plain ones: one, or a list. Each that " +
			"asks for a message is pushed to the cloud of the device before this is answered. " + b.bodyLimits(),
		parameters: []parameter{{
			Name: "source", In: "path", Required: true, Schema: schema{"type": "string"}, Example: "tts",
			Description: "the source of the device: one with an address to push to",
		}},
		body: &requestBody{Content: map[string]mediaType{mediaJSON: {
			Schema: schema{"oneOf": []schema{event, listOf(event, "events")}}, Examples: map[string]example{
				"bytes": {"bytes for a device", map[string]any{"deviceId": "sensor-1", "hex": "0aff", "fPort": 2}},
			},
		}}},
		success: map[string]*response{"200": pushed, "207": b.partly()},
	}
}
