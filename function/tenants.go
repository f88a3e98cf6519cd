package function

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/inflight"
	"mayfly/function/internal/problem"
	"mayfly/transform/message"
)

// tenancy says which kinds of tenants there are several of: one that is alone needs
// no share.
type tenancy struct{ callers, fleets bool }

func newTenancy(c *Config) tenancy {
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
	return tenancy{
		callers: callers > 1 || len(c.Tokens) > 0 || c.Certificates != nil,
		fleets:  len(c.Fleets) > 1,
	}
}

// enterRequest takes a place for a request, and counts it to its caller where that is
// known. The place has to be left where there is no error.
func (s *Service) enterRequest(c *policy.Caller) (*inflight.Place, error) {
	p, err := s.load.requests.Enter()
	if err != nil {
		return nil, errBusy
	}
	if err := s.joinCaller(p, c); err != nil {
		p.Leave()
		return nil, err
	}
	return p, nil
}

// joinCaller counts a request to its caller, once the caller is known.
func (s *Service) joinCaller(p *inflight.Place, c *policy.Caller) error {
	if c == nil || !s.tenancy.callers {
		return nil
	}
	return s.shareError(p.Join("caller " + c.Name))
}

// joinFleets counts a request to the fleets of its messages. Where callers are not
// told apart, its source counts as one, in each fleet apart.
func (s *Service) joinFleets(p *inflight.Place, c *policy.Caller, source string, messages []message.Message) error {
	var seen []string
	for i := range messages {
		fleet := messages[i].Fleet
		if slices.Contains(seen, fleet) {
			continue
		}
		seen = append(seen, fleet)
		var err error
		if s.tenancy.fleets {
			err = p.Join("fleet " + fleet)
		}
		if err == nil && (c == nil || !s.tenancy.callers) {
			err = p.JoinWhileShared(strings.TrimSpace("source " + source + " " + fleet))
		}
		if err != nil {
			return s.shareError(err)
		}
	}
	return nil
}

// shareError tells a sender that its tenant has its share of the requests in flight.
func (s *Service) shareError(err error) error {
	over, ok := errors.AsType[*inflight.ShareError](err)
	if !ok {
		return err
	}
	kind, _, _ := strings.Cut(over.Tenant, " ") // its name is for the log
	return &problem.Error{
		Code: problem.TooBusy,
		Detail: fmt.Sprintf("the %s of this has %d requests in flight, its share of what the bridge works on",
			kind, s.load.requests.Share()),
		Cause: err,
	}
}
