package downlink

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"mayfly/transform/message"
	"mayfly/transform/rules"
)

// Statuses of results.
const (
	minStatus = 100
	maxStatus = 599
)

// ReadResult reads what a device tells of a command that it has carried out, or has not: the query's status (Eclipse
// Hono's hono-cmd-status as well) with the body as the result, or an object {"status":200,"payload":...}. The message
// is telemetry {"command":{"id":...,"status":...,"payload":...}}, whose correlation id is the command's id.
func ReadResult(r *message.Request, deviceID, commandID string) (message.Message, error) {
	m := message.Message{DeviceID: deviceID, Correlates: commandID, Fleet: r.QueryValue("fleet")}
	var wrong []message.FieldError
	if !message.ValidDeviceID(deviceID) {
		wrong = append(wrong, message.FieldError{Path: "deviceId", Rule: "deviceid",
			Hint: rules.Hints["deviceid"]})
	}
	if !message.ValidMessageID(commandID) {
		wrong = append(wrong, message.FieldError{Path: "commandId", Rule: "messageid",
			Hint: "want the id that came with the command"})
	}
	text, payload := r.QueryValue("status"), (&Message{Body: r.Body}).Payload()
	if text == "" {
		text = r.QueryValue("hono-cmd-status")
	}
	if text == "" {
		var body struct {
			Status  json.RawMessage `json:"status"`
			Payload json.RawMessage `json:"payload"`
		}
		_ = json.Unmarshal(r.Body, &body) // what it lacks is told below
		text, payload = strings.Trim(string(body.Status), `"`), (&Message{Body: body.Payload}).Payload()
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < minStatus || status > maxStatus {
		wrong = append(wrong, message.FieldError{Path: "status", Rule: "status",
			Hint: `want a number from 100 to 599, in the query or in the body, as in {"status":200,"payload":{}}`})
	}
	if len(wrong) > 0 {
		return message.Message{}, message.InvalidFields(wrong...)
	}
	id, _ := json.Marshal(commandID) // texts always marshal
	var b bytes.Buffer
	b.WriteString(`{"command":{"id":`)
	b.Write(id)
	b.WriteString(`,"status":` + strconv.Itoa(status))
	if string(payload) != "null" {
		b.WriteString(`,"payload":`)
		b.Write(payload)
	}
	b.WriteString("}}")
	m.Body = b.Bytes()
	m.Properties = map[string]string{"command-id": commandID, "command-status": strconv.Itoa(status)}
	return m, nil
}
