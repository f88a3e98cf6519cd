package lookup

import (
	"context"
	"errors"
	"net/http"

	"mayfly/internal/egress"
)

// Host names where the look-up goes.
func (d *Definition) Host() string { return d.origin.String() }

// Probe finds out whether the host of the look-up can be reached: any answer to a request without a key will do. The
// error is an [Error] of the kind Late, Unreachable or NotAllowed.
func (d *Definition) Probe(ctx context.Context) error {
	transport := egress.Transport(egress.Options{Private: d.Private, MaxConns: 1})
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.origin.String()+"/", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", userAgent)
	res, err := transport.RoundTrip(r) // a redirect is an answer, too
	if err != nil {
		failed := (&lookup{Definition: d}).unanswered(ctx, err)
		if errors.Is(err, egress.ErrNotPublic) {
			failed.Detail = ""
		}
		return failed
	}
	return res.Body.Close()
}
