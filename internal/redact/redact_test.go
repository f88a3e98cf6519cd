package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"mayfly/internal/redact"
)

type hidden = redact.Value[string]

// embedding is a type that holds one secret, as its users write it.
type embedding struct{ hidden }

func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	const secret = "PLANTED"
	type box struct {
		Public  redact.Value[string]
		private redact.Value[[]byte]
		own     embedding
	}
	b := box{redact.New(secret), redact.New([]byte(secret)), embedding{redact.New(secret)}}
	var out bytes.Buffer
	values := []any{
		b, &b, b.Public, &b.Public, b.private, b.own, &b.own, []any{b.Public}, map[string]any{"a": b.own}, []box{b},
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%z"} {
		for _, value := range values {
			fmt.Fprintf(&out, verb, value)
		}
	}
	for _, value := range values {
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", value)
		_ = json.NewEncoder(&out).Encode(value)
	}
	hex, bytes := fmt.Sprintf("%x", secret), fmt.Sprint([]byte(secret))
	for _, form := range []string{secret, hex, strings.ToUpper(hex), bytes} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret shows as %q", form)
		}
	}
	if got := fmt.Sprint(b.Public, b.own); got != "[redacted] [redacted]" {
		t.Errorf("printed as %s", got)
	}
}

func TestReveal(t *testing.T) {
	t.Parallel()
	var none redact.Value[string]
	some, empty := redact.New("x"), redact.New("")
	if none.Reveal() != "" || !none.IsZero() || some.Reveal() != "x" || some.IsZero() || empty.IsZero() {
		t.Errorf("%q %v, %q %v, %v", none.Reveal(), none.IsZero(), some.Reveal(), some.IsZero(), empty.IsZero())
	}
}
