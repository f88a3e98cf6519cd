package function_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/golang-jwt/jwt/v5"
)

// senders are requests as testdata/senders.yaml has them.
type senders struct {
	Answers []struct {
		Name, Method, Target, Media, Body string
		Status                            int
		Want                              []string
		Whole                             string
	}
	Proofs []struct{ Source, Header, Kind, Target, Body string }
}

func readSenders(t *testing.T) (s senders) {
	t.Helper()
	text, err := os.ReadFile("testdata/senders.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return s
}

// What senders that mind their answers are answered, for messages that are stored and for some that never can be.
func TestAnswersOfSenders(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `callers: [{name: gate, keys: ["{key k}"]}]`)
	for _, tt := range readSenders(t).Answers {
		t.Run(tt.Name, func(t *testing.T) {
			t.Parallel()
			method := cmp.Or(tt.Method, http.MethodPost)
			r := httptest.NewRequestWithContext(t.Context(), method, tt.Target, strings.NewReader(tt.Body))
			if tt.Media != "" {
				r.Header.Set("Content-Type", tt.Media)
			}
			if !strings.Contains(tt.Target, "apikey") && !strings.Contains(tt.Target, "siteAuthenticationKey") {
				r.Header.Set("Authorization", "Bearer k")
			}
			w := httptest.NewRecorder()
			h.service.ServeHTTP(w, r)
			var head strings.Builder
			_ = w.Header().Write(&head)
			answer := head.String() + w.Body.String()
			if w.Code != tt.Status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.Status, answer)
			}
			for _, part := range tt.Want {
				if !strings.Contains(answer, part) {
					t.Errorf("%q is not in the answer: %s", part, answer)
				}
			}
			if tt.Whole != "" && w.Body.String() != tt.Whole {
				t.Errorf("the answer is %q, want %q", w.Body, tt.Whole)
			}
		})
	}
}

// An answer that cannot be made is logged with its cause, and without what the sender wrote.
func TestFailedAnswerIsLoggedWithoutValues(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources: [{name: mine, deviceId: .id, measurements: "{n}",
  answer: {text: ".text + 1"}}]`, "AUTH=none")
	answer := h.send(http.MethodPost, "/api/mine", `{"id":"dev-1","n":1,"text":"hunter2"}`,
		"Content-Type", "application/json")
	if log := h.log.String(); answer != ok || strings.Contains(log, "hunter2") ||
		!strings.Contains(log, "the answer of a source cannot be made") || !strings.Contains(log, "answer.text") {
		t.Errorf("answer %s, log %s", answer, log)
	}
}

// proof is what a sender proves a body with, by the secret s3cret.
func proof(t *testing.T, kind, body string) string {
	t.Helper()
	hash := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	switch kind {
	case "checksum":
		claims := jwt.MapClaims{"checksum_sha256": hash(body)}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("s3cret"))
		if err != nil {
			t.Fatal(err)
		}
		return token
	case "hash":
		return hash(body + "s3cret")
	case "hmac":
		m := hmac.New(sha256.New, []byte("s3cret"))
		_, _ = m.Write([]byte(body))
		return hex.EncodeToString(m.Sum(nil))
	}
	return "s3cret"
}

// The schemes that built-in sources know of their senders need the secrets alone.
func TestSignaturesOfSenders(t *testing.T) {
	t.Parallel()
	for _, tt := range readSenders(t).Proofs {
		t.Run(tt.Source+" "+tt.Header, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, `sources: [{from: `+tt.Source+`, signature: {secrets: [s3cret]}}]`)
			var right, wrong []string
			other := tt.Body
			if tt.Header == "" {
				other = strings.Replace(tt.Body, "s3cret", "other", 1)
			} else {
				right = []string{tt.Header, proof(t, tt.Kind, tt.Body)}
				wrong = []string{tt.Header, proof(t, tt.Kind, tt.Body) + "0"}
			}
			if got := h.send(http.MethodPost, tt.Target, tt.Body, right...); got != ok {
				t.Errorf("%s\n%s", got, h.log.String())
			}
			if got := h.send(http.MethodPost, tt.Target, other, wrong...); !strings.HasPrefix(got, "Unauthorized") {
				t.Errorf("with another proof: %s", got)
			}
			none := strings.NewReplacer("s3cret", "").Replace(tt.Body)
			if got := h.send(http.MethodPost, tt.Target, none); !strings.HasPrefix(got, "Unauthorized") {
				t.Errorf("without a proof: %s", got)
			}
		})
	}
}
