package function

import (
	"slices"

	"mayfly/transform"
)

// chooseFleets gives each message the fleet that its device is of: the one that
// it names where the caller may use that, else the caller's first, else the
// environment's. There is no way from one to another.
func (a *authenticator) chooseFleets(c *caller, messages []transform.Message) error {
	if len(a.fleets) == 1 && a.fleets[""] && (c == nil || c.fleets == nil) {
		for i := range messages {
			if messages[i].Fleet != "" {
				return notAllowed("there are no fleets")
			}
		}
		return nil
	}
	for i := range messages {
		m := &messages[i]
		named := m.Fleet != ""
		if !named && c != nil && len(c.fleets) > 0 {
			m.Fleet = c.fleets[0]
		}
		if named && c != nil && !c.anyFleet && !slices.Contains(c.fleets, m.Fleet) && a.mode == AuthKeys {
			return notAllowed("fleet " + logName(m.Fleet) + " is not for " + c.name)
		}
		if a.fleets[m.Fleet] {
			continue
		}
		if named {
			return notAllowed("there is no fleet " + logName(m.Fleet))
		}
		return &refusal{code: codeInvalidMessage, detail: "nothing says of which fleet " + m.DeviceID + " is"}
	}
	return nil
}
