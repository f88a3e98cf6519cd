package host

import (
	"context"
	"encoding/json"
	"log/slog"
)

// Some events are no HTTP request, and yet nothing is wrong: they keep a function warm, or
// try whether it runs. They are answered with a sentence, and logged at LevelDebug where
// they come all the time, else at LevelInfo.

// quietEvent is such an event.
type quietEvent struct {
	name  string // as in "a warm-up"
	level slog.Level
}

// maxQuiet bounds an event that is looked at: those are short.
const maxQuiet = 4 << 10

// quiet tells which of them an event is; nil where it is another one.
func (e *lambdaEvent) quiet(payload []byte) *quietEvent {
	if len(payload) > maxQuiet {
		return nil
	}
	if e.DetailType == "Scheduled Event" && (e.Source == "aws.events" || e.Source == "aws.scheduler") {
		return &quietEvent{"a scheduled event", slog.LevelDebug}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) != nil { // null is no member
		return nil
	}
	switch {
	case e.Source == "serverless-plugin-warmup" || isWarmUp(members):
		return &quietEvent{"a warm-up", slog.LevelDebug}
	case isTest(members):
		return &quietEvent{"a test event", slog.LevelInfo}
	}
	return nil
}

// isWarmUp knows the payloads of warmers: lambda-warmer and middy write {"warmer":true}
// with the number of copies, others a switch of their own.
func isWarmUp(members map[string]json.RawMessage) bool {
	for _, name := range []string{"warmer", "warmup", "warmUp", "warm_up", "warm", "keepWarm", "keep_warm", "ping"} {
		switch string(members[name]) {
		case "true", "1", `"true"`:
			return true
		}
	}
	return false
}

// isTest knows the empty event, which EventBridge Scheduler and the console send, and the
// console's template "hello-world".
func isTest(members map[string]json.RawMessage) bool {
	for name := range members {
		switch name {
		case "key1", "key2", "key3":
		default:
			return false
		}
	}
	return true
}

// answerQuietly answers such an event, in the form of the others. Nobody but a person at
// the console reads it.
func (h *lambdaHandler) answerQuietly(ctx context.Context, q *quietEvent) []byte {
	h.log.LogAttrs(ctx, q.level, "event without a request", slog.String("event", q.name))
	return []byte(`{"statusCode":200,"headers":{"Content-Type":"text/plain; charset=utf-8"},` +
		`"body":"Mayfly runs. This was ` + q.name + ` and not an HTTP request, so nothing was delivered: ` +
		`send requests through API Gateway, a function URL or a load balancer."}`)
}
