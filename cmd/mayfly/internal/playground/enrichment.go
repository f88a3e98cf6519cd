package playground

import (
	"context"
	"strconv"
	"strings"

	"mayfly/emulator/console"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
)

// enrich adds what tables and look-ups have for message i of n; false where the message is refused, which is the
// problem of the request.
func (p *Playground) enrich(
	ctx context.Context, source string, m *message.Message, i, n int, result *console.Result,
) bool {
	if source == nativeFormat || source == deviceFormat {
		source = "" // as the bridge's own routes have none
	}
	added, err := p.configured.Load().options.Enricher.Try(ctx, source, m)
	for _, r := range added {
		step := console.Step{Name: "enrich " + r.Step, Expression: shortJSON(r.Key), Value: string(r.Outcome)}
		if n > 1 {
			step.Part = "[" + strconv.Itoa(i) + "]"
		}
		if len(r.Put) > 0 {
			step.Value += ": " + strings.Join(r.Put, ", ")
		}
		if r.Outcome == enrich.Failed || r.Outcome == enrich.Refused {
			step.Error = r.Error
		}
		result.Steps = append(result.Steps, step)
	}
	if err != nil {
		result.Answer, result.Problem = "", problem(err)
	}
	return err == nil
}
