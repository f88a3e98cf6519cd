package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/function/internal/auth/signature"
	"mayfly/internal/secret"
	"mayfly/transform/signing"
)

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func secrets(texts ...string) []secret.Text {
	var out []secret.Text
	for _, text := range texts {
		out = append(out, secret.NewText(text))
	}
	return out
}

func verifier(t *testing.T, spec *signing.Spec) *signature.Verifier {
	t.Helper()
	if err := signature.Validate(spec); err != nil {
		t.Fatal(err)
	}
	return signature.NewVerifier(spec, signature.Options{Secrets: &secret.Loader{Now: time.Now}})
}

func post(t *testing.T, body string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/mine", strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// A time is taken to the tolerance on either side, and not beyond.
func TestTolerance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		tolerance time.Duration
		age       time.Duration
		want      bool
	}{
		{"default, as old as may be", 0, 5 * time.Minute, true},
		{"default, older", 0, 5*time.Minute + time.Second, false},
		{"default, as early as may be", 0, -5 * time.Minute, true},
		{"default, earlier", 0, -5*time.Minute - time.Second, false},
		{"an hour, as old as may be", time.Hour, time.Hour, true},
		{"an hour, older", time.Hour, time.Hour + time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, &signing.Spec{
				Secrets: secrets("s"), Header: "X-Sig", Timestamp: "X-Time", Signed: "{timestamp}.{body}",
				Tolerance: tt.tolerance,
			})
			now := time.Unix(1_700_000_000, 0)
			stamp := strconv.FormatInt(now.Add(-tt.age).Unix(), 10)
			r := post(t, "{}", "X-Time", stamp, "X-Sig", sign("s", stamp+".{}"))
			_, err := v.Verify(r, signature.Body{Raw: []byte("{}")}, now)
			if (err == nil) != tt.want {
				t.Error(err)
			}
		})
	}
}

// What was signed is taken once for as long as its time may be good.
func TestReplayWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		spec   signing.Spec
		timed  bool
		window time.Duration // 0: it is taken every time
	}{
		{"a time, the default", signing.Spec{}, true, 10 * time.Minute},
		{"a time, a tolerance", signing.Spec{Tolerance: time.Hour}, true, 2 * time.Hour},
		{"a time, a longer window", signing.Spec{Replay: time.Hour}, true, time.Hour},
		{"no time", signing.Spec{}, false, 0},
		{"no time, a window", signing.Spec{Replay: time.Minute}, false, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spec := tt.spec
				spec.Secrets, spec.Header = secrets("s"), "X-Sig"
				signed := "{}"
				if tt.timed {
					spec.Timestamp, spec.Signed, signed = "X-Time", "{timestamp}.{body}", "1700000000.{}"
				}
				v := verifier(t, &spec)
				// The time of the signature stands still here: the window is what is looked at.
				send := func() (func(bool), bool) {
					forget, err := v.Verify(post(t, "{}", "X-Time", "1700000000", "X-Sig", sign("s", signed)),
						signature.Body{Raw: []byte("{}")}, time.Unix(1_700_000_000, 0))
					return forget, err == nil
				}
				forget, first := send()
				if _, again := send(); !first || again != (tt.window == 0) {
					t.Errorf("taken first: %v, again: %v", first, again)
				}
				if tt.window == 0 {
					return
				}
				time.Sleep(tt.window - time.Nanosecond)
				if _, again := send(); again {
					t.Error("taken again before the window's end")
				}
				time.Sleep(2 * time.Nanosecond)
				if _, again := send(); !again {
					t.Error("not taken after the window's end")
				}
				forget(true)
				if _, again := send(); !again {
					t.Error("not taken after it was made good again")
				}
			})
		})
	}
}

// A header may hold some codes, one of which is right, and is not too long.
func TestCodes(t *testing.T) {
	t.Parallel()
	right := sign("s", "{}")
	wrong := func(n int) string { return strings.Repeat("v1=00,", n) }
	for _, tt := range []struct {
		name, header string
		want         string // the error
	}{
		{"the only one", "v1=" + right, ""},
		{"the eighth", wrong(7) + "v1=" + right, ""},
		{"the ninth", wrong(8) + "v1=" + right, "the signature is wrong"},
		{"another field", "v0=" + right, "there is no signature"},
		{"cut off", "v1=" + right[:62], "the signature is wrong"},
		{"not hex", "v1=xyz", "there is no signature"},
		{"empty", "", "there is no signature"},
		{"4096 bytes", "v1=" + right + strings.Repeat(",", 4096-3-64), ""},
		{"4097 bytes", "v1=" + right + strings.Repeat(",", 4097-3-64), "there is no signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, &signing.Spec{Secrets: secrets("other", "s"), Header: "X-Sig", Field: "v1"})
			_, err := v.Verify(post(t, "{}", "X-Sig", tt.header), signature.Body{Raw: []byte("{}")}, time.Now())
			reason, _ := errors.AsType[signature.Error](err)
			if string(reason) != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// Seconds and milliseconds since 1970 are told apart by their size.
func TestTimes(t *testing.T) {
	t.Parallel()
	for stamp, now := range map[string]time.Time{
		"1700000000": time.Unix(1_700_000_000, 0), "1700000000000": time.UnixMilli(1_700_000_000_000),
		"100000000000": time.Unix(100_000_000_000, 0), "100000000001": time.UnixMilli(100_000_000_001),
		"2026-03-14T10:00:00+01:00": time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC),
		"2026-03-14T10:00:00.5Z":    time.Date(2026, 3, 14, 10, 0, 0, 5e8, time.UTC),
	} {
		v := verifier(t, &signing.Spec{
			Secrets: secrets("s"), Header: "X-Sig", Timestamp: "X-Time", Signed: "{timestamp}{body}", Tolerance: 1,
		})
		r := post(t, "{}", "X-Time", stamp, "X-Sig", sign("s", stamp+"{}"))
		if _, err := v.Verify(r, signature.Body{Raw: []byte("{}")}, now); err != nil {
			t.Errorf("%s: %v", stamp, err)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := func(change func(*signing.Spec)) *signing.Spec {
		s := &signing.Spec{
			Secrets: secrets("s"), Header: "X-Sig", Timestamp: "X-Time", Signed: "{timestamp}.{body}",
		}
		change(s)
		return s
	}
	for name, tt := range map[string]struct {
		change func(*signing.Spec)
		want   bool
	}{
		"good":            {func(*signing.Spec) {}, true},
		"no secrets":      {func(s *signing.Spec) { s.Secrets = nil }, false},
		"an empty secret": {func(s *signing.Spec) { s.Secrets = secrets("s", " ") }, false},
		"tolerance of a day": {func(s *signing.Spec) {
			s.Tolerance, s.Replay = 24*time.Hour,
				48*time.Hour
		}, true},
		"tolerance of more":             {func(s *signing.Spec) { s.Tolerance = 24*time.Hour + 1 }, false},
		"negative tolerance":            {func(s *signing.Spec) { s.Tolerance = -1 }, false},
		"replay of more than two days":  {func(s *signing.Spec) { s.Replay = 48*time.Hour + 1 }, false},
		"negative replay":               {func(s *signing.Spec) { s.Replay = -1 }, false},
		"replay of twice the tolerance": {func(s *signing.Spec) { s.Replay = 10 * time.Minute }, true},
		"replay of less":                {func(s *signing.Spec) { s.Replay = 10*time.Minute - 1 }, false},
		"header and query":              {func(s *signing.Spec) { s.Query = "sig" }, false},
		"neither header nor query":      {func(s *signing.Spec) { s.Header = "" }, false},
		"the body is not signed":        {func(s *signing.Spec) { s.Signed = "{timestamp}" }, false},
		"the time is not signed":        {func(s *signing.Spec) { s.Signed = "{body}" }, false},
		"a time that is nowhere":        {func(s *signing.Spec) { s.Timestamp = "" }, false},
		"the time as a header":          {func(s *signing.Spec) { s.Signed = "{header:X-Time}{body}" }, true},
		"an unknown part":               {func(s *signing.Spec) { s.Signed = "{timestamp}{body}{host}" }, false},
		"an unknown scheme":             {func(s *signing.Spec) { s.Scheme = "rsa" }, false},
		"an unknown hash":               {func(s *signing.Spec) { s.Algorithm = "md5" }, false},
		"an unknown encoding":           {func(s *signing.Spec) { s.Encoding = "base32" }, false},
	} {
		if err := signature.Validate(good(tt.change)); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
