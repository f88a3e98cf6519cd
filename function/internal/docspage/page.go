package docspage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"

	"mayfly/function/internal/problem"
)

//go:embed page/page.html
var frame string

//go:embed page/style.css
var style string

//go:embed page/script.js
var script string

// page is the page as it is served.
type page struct{ text, policy string }

// assemble puts the parts into one text.
var assemble = sync.OnceValue(func() page {
	text := strings.NewReplacer("/*STYLE*/", style, "/*SCRIPT*/", script).Replace(frame)
	return page{text, "default-src 'none'; script-src '" + hash(script) + "'; style-src '" + hash(style) + "'; " +
		"img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'"}
})

// hash is the hash of an inline part as a Content-Security-Policy has it.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// NewHandler makes the handler of the page; refuse answers an error.
func NewHandler(refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuse(w, r, &problem.Error{Code: problem.MethodNotAllowed, Allow: "GET, HEAD", Detail: "use GET"})
			return
		}
		p := assemble()
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", p.policy)
		h.Set("Cache-Control", "no-cache")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		_, _ = w.Write([]byte(p.text))
	})
}
