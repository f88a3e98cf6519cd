package mapping

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// senMLMessages makes messages of resolved SenML records: those of one device and
// one time are one, as {device, time, values}. A name is the device's and, behind
// it, the value's (RFC 8428 section 4.5.1 leaves the split to the application):
// urn:dev:ow:10e2073a01080063:temp is temp of urn:dev:ow:10e2073a01080063 (RFC
// 9039), and greenhouse/temp is temp of greenhouse. A record that names but the
// device has its value under the unit.
func senMLMessages(in any, _ []any) (any, error) {
	records, ok := in.([]any)
	if !ok {
		return nil, fmt.Errorf("wants SenML records, not %s", message.TypeName(in))
	}
	index := map[string]int{}
	messages := []any{}
	for _, one := range records {
		record, ok := one.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("wants SenML records, not %s", message.TypeName(one))
		}
		value, ok := senMLValue(record)
		if !ok {
			continue // a record of base values only
		}
		name, _ := record["n"].(string)
		unit, _ := record["u"].(string)
		device, key := senMLSplit(name)
		if key == "" {
			key = cmp.Or(message.DTDLName(unit), "value")
		}
		at := senMLTime(record["t"])
		id := device + "\x00" + fmt.Sprint(at)
		i, known := index[id]
		if !known {
			i = len(messages)
			index[id] = i
			messages = append(messages, map[string]any{"device": device, "time": at, "values": map[string]any{}})
		}
		messages[i].(map[string]any)["values"].(map[string]any)[key] = value
	}
	return messages, nil
}

func senMLValue(record map[string]any) (any, bool) {
	for _, kind := range []string{"v", "vs", "vb", "vd", "s"} {
		if value, ok := record[kind]; ok {
			return value, true
		}
	}
	return nil, false
}

// senMLTime gives a time since 1970 as text; null for now.
func senMLTime(in any) any {
	n, ok := in.(json.Number)
	if f, isNumber := gojq.ToFloat64(in); !ok || !isNumber || f < 1<<28 { // relative to now, which is not known here
		return nil
	}
	at, err := message.ParseEpoch(n.String(), "s")
	if err != nil {
		return nil
	}
	return message.FormatTime(at)
}

func senMLSplit(name string) (device, key string) {
	if strings.HasPrefix(name, "urn:dev:") {
		parts := strings.SplitN(name, ":", 5)
		if len(parts) < 5 {
			return name, ""
		}
		return strings.Join(parts[:4], ":"), strings.Trim(parts[4], ":/_")
	}
	for _, sign := range []string{"/", ":"} {
		if at := strings.LastIndex(name, sign); at > 0 {
			return strings.TrimRight(name[:at], ":/_"), name[at+1:]
		}
	}
	return "", name
}
