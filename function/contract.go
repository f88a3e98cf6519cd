package function

import (
	"net/http"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/config"
	"mayfly/function/internal/docspage"
	"mayfly/function/internal/openapi"
)

// contractRoutes adds the contract: as a document, and as a page that shows it.
func (s *Service) contractRoutes(mux *http.ServeMux) {
	if s.config.APIDocs == config.APIDocsOff {
		return
	}
	document := openapi.NewHandler(s.config, openapi.Options{
		Known: func(r *http.Request) error {
			if r.Header.Get("Sec-Fetch-Mode") != "navigate" { // which no page can read
				if err := s.origins.Check(r); err != nil {
					return err
				}
			}
			_, err := s.auth.Authenticate(r, "")
			return err
		},
		ShowsCredential: auth.ShowsCredential,
		Refuse:          s.refuse,
	})
	mux.Handle("/openapi.json", document)
	mux.Handle("/docs", docspage.NewHandler(s.refuse))
}

// Contract writes the HTTP contract of a configuration, as callers may read it: OpenAPI 3.1.
func Contract(c *Config) ([]byte, error) { return openapi.Build(c, openapi.Callers) }
