package docspage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"mayfly/function/internal/docspage"
)

// The policy names the script and the style that the page has, and nothing from elsewhere.
func TestPolicy(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs", http.NoBody)
	docspage.NewHandler(nil).ServeHTTP(w, r)
	page, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	for _, kind := range []string{"script", "style"} {
		inline := regexp.MustCompile(`(?s)<`+kind+`>(.*?)</`+kind+`>`).FindAllStringSubmatch(page, -1)
		if len(inline) != 1 {
			t.Fatalf("%d of <%s>", len(inline), kind)
		}
		sum := sha256.Sum256([]byte(inline[0][1]))
		if !strings.Contains(policy, kind+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") {
			t.Errorf("the policy does not allow the page's own %s: %s", kind, policy)
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") ||
		strings.Contains(policy, "http") {
		t.Error(policy)
	}
	for _, outside := range regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(page, -1) {
		if outside[1] != "openapi.json" && !strings.HasPrefix(outside[1], "data:image/svg") {
			t.Errorf("the page names %s", outside[1])
		}
	}
	for _, word := range []string{"localStorage", "sessionStorage", "document.cookie", "indexedDB", "innerHTML"} {
		if strings.Contains(page, word) {
			t.Errorf("the page uses %s", word)
		}
	}
}
