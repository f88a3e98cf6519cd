package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"mayfly/function/internal/config"
	"mayfly/function/internal/problem"
)

// Options are what a Handler needs of the service.
type Options struct {
	// Known tells whether a request is of a caller. Its error says why it is not.
	Known func(*http.Request) error
	// ShowsCredential tells whether a request shows a credential, right or wrong.
	ShowsCredential func(*http.Request) bool
	// Refuse answers an error.
	Refuse func(http.ResponseWriter, *http.Request, error)
}

// Handler serves the document, to whoever may have it as API_DOCS says. A document is made
// at the first request for it, and kept.
type Handler struct {
	Options
	config *config.Config
	made   [2]func() (*rendered, error) // by audience
}

// NewHandler makes a handler of a configuration that was checked. It makes no document yet.
func NewHandler(c *config.Config, o Options) *Handler {
	h := &Handler{Options: o, config: c}
	for _, audience := range []Audience{Public, Callers} {
		h.made[audience] = sync.OnceValues(func() (*rendered, error) {
			text, err := Build(c, audience)
			if err != nil {
				return nil, err
			}
			return render(text)
		})
	}
	return h
}

// rendered is a document as it is served.
type rendered struct {
	plain, zipped []byte
	etag          string
}

func render(text []byte) (*rendered, error) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return &rendered{text, zipped.Bytes(), hex.EncodeToString(sum[:8])}, nil
}

// ServeHTTP answers with the document that the request's sender may have.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Refuse(w, r, &problem.Error{Code: problem.MethodNotAllowed, Allow: "GET, HEAD", Detail: "use GET"})
		return
	}
	audience := Callers
	if err := h.Known(r); err != nil {
		if h.config.APIDocs == config.APIDocsCallers || h.ShowsCredential(r) {
			h.Refuse(w, r, err)
			return
		}
		audience = Public
	}
	doc, err := h.made[audience]()
	if err != nil {
		h.Refuse(w, r, err)
		return
	}
	doc.write(w, r)
}

func (d *rendered) write(w http.ResponseWriter, r *http.Request) {
	body, etag := d.plain, `"`+d.etag+`"`
	zipped := acceptsGzip(r)
	if zipped {
		body, etag = d.zipped, `"`+d.etag+`-gzip"`
	}
	header := w.Header()
	header.Set("Cache-Control", "private, no-cache")
	header.Set("Vary", "Accept-Encoding, Authorization, X-Api-Key")
	header.Set("Etag", etag)
	header.Set("X-Content-Type-Options", "nosniff")
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(known), "W/") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	header.Set("Content-Type", mediaJSON)
	if zipped {
		header.Set("Content-Encoding", "gzip")
	}
	_, _ = w.Write(body)
}

// acceptsGzip tells whether the answer may be compressed.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0. ") != "" || weight == ""
		}
	}
	return false
}
