package hub

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const maxBatchNotes = 4 // of a batch in the record of its call

// batchMessage is one element of a batch (azure-iot-sdk-csharp HttpTransportHandler.cs, azure-iot-sdk-java
// HttpsBatchMessage, azure-iot-sdk-node http.ts).
type batchMessage struct {
	Body          *string           `json:"body"`
	Base64Encoded *bool             `json:"base64Encoded"` // true by default
	Properties    map[string]string `json:"properties"`
}

// parseBatch reads a batch. The second result lists what was accepted without a document that says so.
func parseBatch(body []byte) ([]record.Event, []string, error) {
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
	events := make([]record.Event, len(list))
	for i, m := range list {
		if m.Body == nil {
			return nil, nil, fmt.Errorf("invalid: message %d does not have a body", i)
		}
		ev := &events[i]
		if ev.Body = json.RawMessage(*m.Body); m.Base64Encoded == nil || *m.Base64Encoded {
			b, err := base64.StdEncoding.DecodeString(*m.Body)
			if err != nil {
				return nil, nil, fmt.Errorf("invalid: the body of message %d is not base64", i)
			}
			ev.Body = b
		}
		for k, v := range m.Properties {
			name := strings.ToLower(k)
			if !strings.HasPrefix(name, systemPrefix) && name != "dt-subject" {
				lenient = append(lenient, "property without iothub- is dropped")
			}
			setProperty(ev, name, v)
		}
	}
	return events, lenient, nil
}

// sendBatch is Send Device Event with several messages: 204 for all or none.
func (s *Service) sendBatch(x *exchange.Exchange) wire.Reply {
	if r := s.authenticate(x); r != nil {
		return s.Refused(x, r)
	}
	if r := x.ReadBody(maxEventBytes); r != nil {
		return s.Refused(x, r)
	}
	if x.TooBig {
		return s.Refused(x, tooLarge())
	}
	events, lenient, err := parseBatch(x.Body)
	if err != nil {
		return s.Refused(x, wire.Refuse(http.StatusBadRequest, 400004, "The batch is %v", err))
	}
	for _, what := range lenient[:min(len(lenient), maxBatchNotes)] {
		x.Lenient(what)
	}
	total := 0
	for i := range events {
		if r := check(&events[i], func(string) {}); r != nil { // notes on each message would flood the record
			return s.Refused(x, r)
		}
		total += size(&events[i])
	}
	if total > maxEventBytes {
		return s.Refused(x, tooLarge())
	}
	return s.store(x, events, len(events))
}
