package message_test

import (
	"testing"

	"mayfly/transform/message"
)

// TestFieldErrorText: the text reads well, whether the hint goes on after the path or is a sentence of its own.
func TestFieldErrorText(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]message.FieldError{
		"deviceId is missing":     {Path: "deviceId", Rule: "required", Hint: "is missing"},
		"each: there is null":     {Path: "each", Rule: "mapping", Hint: "there is null"},
		"this is not The Cloud's": {Path: "body", Rule: "envelope", Hint: "this is not The Cloud's"},
		"want an object":          {Hint: "want an object"},
	} {
		if got := f.Text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
