package tenancy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/config"
	"mayfly/function/internal/inflight"
	"mayfly/function/internal/problem"
	"mayfly/transform/message"
)

// Tenancy shares places for requests. It knows which kinds of tenants there are several of: one that is alone needs no
// share.
type Tenancy struct {
	callers, fleets bool

	requests *inflight.Limiter
}

// New makes the tenancy of a configuration. requests has the places.
func New(c *config.Config, requests *inflight.Limiter) *Tenancy {
	callers := len(c.Tokens) // each issuer has many
	owners := map[*policy.Caller]bool{}
	for i := range c.Keys {
		owners[c.Keys[i].Owner] = true
	}
	callers += len(owners)
	for i := range c.Sources {
		if c.Sources[i].Signature != nil {
			callers++
		}
	}
	return &Tenancy{
		callers:  callers > 1 || len(c.Tokens) > 0 || c.Certificates != nil,
		fleets:   len(c.Fleets) > 1,
		requests: requests,
	}
}

// Enter takes a place for a request, and counts it to its caller where that is
// known. The place has to be left where there is no error.
func (t *Tenancy) Enter(c *policy.Caller) (*inflight.Place, error) {
	p, err := t.requests.Enter()
	if err != nil {
		return nil, problem.ErrBusy
	}
	if err := t.JoinCaller(p, c); err != nil {
		p.Leave()
		return nil, err
	}
	return p, nil
}

// JoinCaller counts a request to its caller, once the caller is known.
func (t *Tenancy) JoinCaller(p *inflight.Place, c *policy.Caller) error {
	if c == nil || !t.callers {
		return nil
	}
	return t.shareError(p.Join("caller " + c.Name))
}

// JoinFleets counts a request to the fleets of its messages. Where callers are not
// told apart, its source counts as one, in each fleet apart.
func (t *Tenancy) JoinFleets(
	p *inflight.Place, c *policy.Caller, source string, messages []message.Message,
) error {
	var seen []string
	for i := range messages {
		fleet := messages[i].Fleet
		if slices.Contains(seen, fleet) {
			continue
		}
		seen = append(seen, fleet)
		var err error
		if t.fleets {
			err = p.Join("fleet " + fleet)
		}
		if err == nil && (c == nil || !t.callers) {
			err = p.JoinWhileShared(strings.TrimSpace("source " + source + " " + fleet))
		}
		if err != nil {
			return t.shareError(err)
		}
	}
	return nil
}

// shareError tells a sender that its tenant has its share of the requests in flight.
func (t *Tenancy) shareError(err error) error {
	over, ok := errors.AsType[*inflight.ShareError](err)
	if !ok {
		return err
	}
	kind, _, _ := strings.Cut(over.Tenant, " ") // its name is for the log
	return &problem.Error{
		Code: problem.TooBusy,
		Detail: fmt.Sprintf("the %s of this has %d requests in flight, its share of what the bridge works on",
			kind, t.requests.Share()),
		Cause: err,
	}
}
