package httpsend_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"mayfly/httpsend"
)

// Each kind has a text, works with errors.Is, and tells whether to try again.
func TestKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind      httpsend.Kind
		text      string
		retryable bool
	}{
		{httpsend.Unavailable, "unavailable", true},
		{httpsend.Throttled, "throttled", true},
		{httpsend.Down, "down", true},
		{httpsend.NotHere, "device not at this hub", false},
		{httpsend.Blocked, "device blocked", false},
		{httpsend.QuotaExceeded, "daily quota exceeded", true},
		{httpsend.TooLarge, "message too large", false},
		{httpsend.Invalid, "invalid request", false},
	}
	for _, tt := range tests {
		e := &httpsend.Error{Hub: "h", Device: "d", Kind: tt.kind, Name: "Name", Message: "text", Err: io.EOF}
		err := fmt.Errorf("wrapped: %w", e)
		for _, other := range tests {
			if errors.Is(err, other.kind) != (other.kind == tt.kind) {
				t.Errorf("%s is %s: %v", tt.kind, other.kind, errors.Is(err, other.kind))
			}
		}
		want := "hub h, device d: " + tt.text + ": Name: text: EOF"
		if e.Error() != want || tt.kind.Error() != tt.text {
			t.Errorf("%s, want %s", e, want)
		}
		if e.Retryable() != tt.retryable || !errors.Is(err, io.EOF) {
			t.Errorf("%s: retryable %v", tt.kind, e.Retryable())
		}
	}
}

// An answer is read up to 64 KB.
func TestAnswerBound(t *testing.T) {
	t.Parallel()
	for more, want := range map[int]string{0: "busy", 1: `{"message":"busy"`} {
		body := `{"message":"busy"}`
		body = strings.Repeat(" ", 65_536-len(body)+more) + body
		client := &httpsend.Client{Transport: answers(500, body), Tries: 1}
		err := client.Send(t.Context(), testTarget(t), httpsend.Event{})
		if got := failure(t, err).Message; got != want {
			t.Errorf("%d bytes: %q, want %q", len(body), got, want)
		}
	}
}
