package transform

import (
	"slices"
	"strings"

	"mayfly/transform/message"
)

// notTelemetry is the reason of a source whose ignore says no more than true.
const notTelemetry = "not telemetry"

// maxReasons bounds how many different reasons one request may have, and
// maxReason how long each may be.
const (
	maxReasons = 10
	maxReason  = 40
)

// ignored tells whether a part is not telemetry, and why: the text that ignore
// gives.
func (s *Source) ignored(j *job, part any) (reason string, err error) {
	value, err := j.One(s.of.ignore, part)
	if err != nil || value == nil || value == false {
		return "", err
	}
	text, _ := value.(string)
	return reasonOf(text), nil
}

// reasonOf makes a reason of what ignore gave. It may be a text of the body, so it
// is bounded, and holds no more than a name of an event needs.
func reasonOf(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && (message.IsAlphanumeric(byte(r)) || strings.ContainsRune(" -_./:", r)) {
			return r
		}
		return -1
	}, text)
	if text = strings.TrimSpace(text[:min(len(text), maxReason)]); text == "" {
		return notTelemetry
	}
	return text
}

// ignore counts a part that is not telemetry.
func (o *Outcome) ignore(reason string) {
	o.Ignored++
	if len(o.Reasons) < maxReasons && !slices.Contains(o.Reasons, reason) {
		o.Reasons = append(o.Reasons, reason)
	}
}
