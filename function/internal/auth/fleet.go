package auth

import (
	"slices"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/sanitize"
	"mayfly/transform/message"
)

// chooseFleets gives each message the fleet that its device is of: the one that
// it names where the caller may use that, else the caller's first, else the
// environment's. There is no way from one to another.
func (a *Authenticator) chooseFleets(c *policy.Caller, messages []message.Message) error {
	if len(a.fleets) == 1 && a.fleets[""] && (c == nil || c.Fleets == nil) {
		for i := range messages {
			if messages[i].Fleet != "" {
				return policy.NotAllowed("there are no fleets")
			}
		}
		return nil
	}
	for i := range messages {
		m := &messages[i]
		named := m.Fleet != ""
		if !named && c != nil && len(c.Fleets) > 0 {
			m.Fleet = c.Fleets[0]
		}
		if named && c != nil && !c.AnyFleet && !slices.Contains(c.Fleets, m.Fleet) && a.mode == policy.ModeKeys {
			return policy.NotAllowed("fleet " + sanitize.LogName(m.Fleet) + " is not for " + c.Name)
		}
		if a.fleets[m.Fleet] {
			continue
		}
		if named {
			return policy.NotAllowed("there is no fleet " + sanitize.LogName(m.Fleet))
		}
		return &problem.Error{Code: problem.InvalidMessage, Detail: "nothing says of which fleet " + m.DeviceID + " is"}
	}
	return nil
}
