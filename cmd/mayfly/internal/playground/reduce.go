package playground

import (
	"strconv"

	"mayfly/emulator/console"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
)

// reduce makes one message of several readings, and tells which; it returns what is left.
func (p *Playground) reduce(source string, messages []message.Message, result *console.Result) []message.Message {
	reducer := p.configured.Load().options.Reducer
	if reducer == nil || len(messages) == 0 {
		return messages
	}
	if source == nativeFormat || source == deviceFormat {
		source = "" // as the bridge's own routes have none
	}
	list := make([]*message.Message, len(messages))
	for i := range messages {
		list[i] = &messages[i]
	}
	stand, err := reducer.Reduce(source, list, nil)
	if err != nil {
		return messages // there is no room that could be full
	}
	var kept []message.Message
	for i, n := range stand {
		if n > 0 {
			kept = append(kept, messages[i])
		}
		if n == 1 {
			continue
		}
		step := console.Step{Name: "reduce " + messages[i].DeviceID, Value: reduce.Describe(n)}
		if len(messages) > 1 {
			step.Part = "[" + strconv.Itoa(i) + "]"
		}
		result.Steps = append(result.Steps, step)
	}
	return kept
}
