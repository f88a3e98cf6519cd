package emulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// batchMessage is one element of a batch (azure-iot-sdk-csharp HttpTransportHandler.cs, azure-iot-sdk-java
// HttpsBatchMessage, azure-iot-sdk-node http.ts).
type batchMessage struct {
	Body          *string           `json:"body"`
	Base64Encoded *bool             `json:"base64Encoded"` // true unless it is said
	Properties    map[string]string `json:"properties"`
}

// parseBatch reads a batch. The second result names what was let pass.
func parseBatch(body []byte) ([]Event, []string, error) {
	var list []batchMessage
	var lenient []string
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, nil, fmt.Errorf("not a JSON array of messages: %w", err)
	}
	if list == nil {
		return nil, nil, errors.New("not a JSON array of messages: null")
	}
	if len(list) == 0 {
		lenient = append(lenient, "empty batch")
	}
	events := make([]Event, len(list))
	for i, m := range list {
		if m.Body == nil {
			return nil, nil, fmt.Errorf("message %d has no body", i)
		}
		ev := &events[i]
		if ev.Body = json.RawMessage(*m.Body); m.Base64Encoded == nil || *m.Base64Encoded {
			b, err := base64.StdEncoding.DecodeString(*m.Body)
			if err != nil {
				return nil, nil, fmt.Errorf("message %d: body is not base64", i)
			}
			ev.Body = b
		}
		for k, v := range m.Properties {
			name := strings.ToLower(k)
			if !strings.HasPrefix(name, systemPrefix) && name != "dt-subject" {
				lenient = append(lenient, "property without iothub- is dropped")
			}
			ev.property(name, v)
		}
	}
	return events, lenient, nil
}

// sendBatch is Send Device Event with many messages: 204 for all or none.
func (c *call) sendBatch() reply {
	d, r := c.hubCaller()
	if r != nil {
		return c.refused(r)
	}
	if r := c.readBody(maxEventBytes); r != nil {
		return c.refused(r)
	}
	if c.tooBig {
		return c.refused(tooLarge())
	}
	events, lenient, err := parseBatch(c.body)
	if err != nil {
		return c.refused(refuse(http.StatusBadRequest, 400004, "The batch is %v", err))
	}
	for _, l := range lenient[:min(len(lenient), 4)] {
		c.lenient(l)
	}
	total := 0
	for i := range events {
		if r := events[i].check(&call{}); r != nil {
			return c.refused(r)
		}
		total += events[i].size()
	}
	if total > maxEventBytes {
		return c.refused(tooLarge())
	}
	return c.store(d, events, len(events))
}
