package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/config"
	"mayfly/function/internal/doctor"
)

// The host of each look-up is tried, without its key.
func TestLookups(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "" {
			t.Error("the key goes there")
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(service.Close)
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	text := `lookups:
  - {name: near, url: '` + service.URL + `/\($key)', allow: private, headers: {X-Key: s3cret}}
  - {name: closed, url: 'http://127.0.0.1:1/', allow: private}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{"ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none", "CONFIG=" + path})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	passed := doctor.Run(t.Context(), c, doctor.Options{}, func(s doctor.Step) {
		got = append(got, s.Name+" "+string(s.Status)+" "+s.Detail+"; "+s.Remedy)
	})
	want := []string{
		"look-up near ok http://127.0.0.1:", "look-up closed FAULT http://127.0.0.1:1: it refuses connections",
	}
	if passed || len(got) != len(want) {
		t.Fatalf("%v, passed: %v", got, passed)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
}
