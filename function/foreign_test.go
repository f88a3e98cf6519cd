package function_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mayfly/function"
	"mayfly/transform"
)

// A body of nobody is refused with a hint at every source's route, in whatever media
// type it comes; a Helium device that is ChirpStack's now is told so.
func TestForeignBodiesAreRefused(t *testing.T) {
	t.Parallel()
	c, err := function.LoadConfig([]string{"ID_SCOPE=0ne00000000", "GROUP_KEY=a2V5", "AUTH=none"})
	if err != nil {
		t.Fatal(err)
	}
	s := function.New(c, function.Dependencies{DPS: stored{}, Hub: stored{}, Log: slog.New(slog.DiscardHandler)})
	post := func(path, kind, body string) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, name := range transform.New().SourceNames() {
		for _, body := range []string{`{"hello":"world"}`, `{}`, `[]`, `"x"`, `1`, `null`, `[{"hello":"world"}]`} {
			for _, kind := range []string{"application/json", ""} {
				status, text := post("/api/"+name, kind, body)
				if status != http.StatusUnprocessableEntity || !strings.Contains(text, `"code":"invalid-message"`) {
					t.Errorf("%s, %q, %s: %d %s", name, kind, body, status, text)
				}
			}
		}
		if status, text := post("/api/"+name, "application/x-www-form-urlencoded", "hello=world"); status/100 == 2 {
			t.Errorf("%s, a form: %d %s", name, status, text)
		}
	}
	status, text := post("/api/helium", "application/json", `{"deduplicationId":"x",`+
		`"time":"2026-03-14T10:00:00Z","deviceInfo":{"deviceName":"d1","devEui":"70b3d57ed0051234"},`+
		`"fCnt":2,"fPort":1,"data":"AQI=","object":{"t":21.5}}`)
	const hint = "this looks like ChirpStack v4: POST it to /api/chirpstack"
	if status != http.StatusUnprocessableEntity || !strings.Contains(text, hint) {
		t.Errorf("%d %s", status, text)
	}
}
