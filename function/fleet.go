package function

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform"
)

// fleetSpec is a fleet of its own in the configuration file: another DPS, and
// other keys. What it leaves out is empty; nothing is taken from another fleet.
type fleetSpec struct {
	Name              string      `yaml:"name"`
	IDScope           string      `yaml:"idScope"`
	GroupKey          secret.Text `yaml:"groupKey"`
	GroupKeySecondary secret.Text `yaml:"groupKeySecondary"`
	DeviceKeys        secret.Text `yaml:"deviceKeys"`
	DeviceCerts       string      `yaml:"deviceCerts"`
	DeviceCA          secret.Text `yaml:"deviceCA"`
	DPSEndpoint       string      `yaml:"dpsEndpoint"`
	ModelID           string      `yaml:"modelId"`
	HubHint           string      `yaml:"hubHint"`
}

// checkFleets reads the fleets of the file. Each is a configuration of its own,
// with what the process has only once.
func (c *Config) checkFleets(fault faultFunc) {
	c.fleets = map[string]*Config{}
	for i := range c.file.Fleets {
		spec := &c.file.Fleets[i]
		place := fmt.Sprintf("%s: fleets.%s", c.fileName(), cmp.Or(logName(spec.Name), fmt.Sprint(i)))
		own := &Config{
			IDScope: spec.IDScope, GroupKey: spec.GroupKey, GroupKeySecondary: spec.GroupKeySecondary, DeviceKeys: spec.DeviceKeys,
			DeviceCerts: spec.DeviceCerts, DeviceCA: spec.DeviceCA, DPSEndpoint: cmp.Or(spec.DPSEndpoint, dps.GlobalEndpoint),
			ModelID: spec.ModelID, HubHint: spec.HubHint,
			LeafLifetime: c.LeafLifetime, DedupWindow: c.DedupWindow, HubSuffixes: c.HubSuffixes, suffixes: c.suffixes, getenv: c.getenv,
		}
		inPlace := func(variable, format string, args ...any) {
			fault(place+"."+fleetMember(variable), format, args...)
		}
		if spec.Name == "" || strings.Trim(spec.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			fault(place, "name is missing, or has more than lower-case letters, digits and hyphens")
		} else if c.fleets[spec.Name] != nil {
			fault(place, "another fleet has this name")
		}
		own.checkFleet(inPlace)
		c.fleets[spec.Name] = own
	}
}

// fleetMember gives the file's name of what is a variable for the only fleet:
// groupKey for GROUP_KEY.
func fleetMember(variable string) string {
	if variable == "DEVICE_CA" || variable == "DPS_ENDPOINT" {
		return map[string]string{"DEVICE_CA": "deviceCA", "DPS_ENDPOINT": "dpsEndpoint"}[variable]
	}
	first, rest, _ := strings.Cut(variable, "_")
	var name strings.Builder
	name.WriteString(strings.ToLower(first))
	for word := range strings.SplitSeq(rest, "_") {
		if word != "" {
			name.WriteString(word[:1] + strings.ToLower(word[1:]))
		}
	}
	return name.String()
}

// checkFleet looks at what one fleet is made of.
func (c *Config) checkFleet(fault faultFunc) {
	if c.IDScope == "" {
		fault("ID_SCOPE", `is missing: the ID scope stands on the DPS's overview page, or in IoT Central under Permissions, Device connection groups; as in 0ne00123ABC`)
	} else if !plainScope(c.IDScope) {
		fault("ID_SCOPE", "is no ID scope: want letters and digits, as in 0ne00123ABC")
	}
	c.checkKeys(fault)
	if !validEndpoint(c.DPSEndpoint) {
		fault("DPS_ENDPOINT", "%q is neither a host name nor an https URL", c.DPSEndpoint)
	}
	if c.ModelID != "" && !transform.ValidModelID(c.ModelID) {
		fault("MODEL_ID", "%q is no DTMI, as in dtmi:example:Thermostat;1", c.ModelID)
	}
	if c.HubHint != "" && !hostName(c.HubHint) {
		fault("HUB_HINT", "%q is no host name, as in my-hub.azure-devices.net", c.HubHint)
	} else if c.HubHint != "" && !c.acceptHub(c.HubHint) {
		fault("HUB_HINT", "%q is no IoT hub's name; HUB_SUFFIXES adds domains to .azure-devices.net, .azure-devices.us and .azure-devices.cn", c.HubHint)
	}
}

// fleet is all that Mayfly knows of the devices of one DPS instance. Nothing in
// it is shared with another fleet but the connections, which hold no identity.
type fleet struct {
	config      *Config
	now         func() time.Time
	provisioner *dps.Provisioner
	hub         *httpsend.Client
	hint        *hint
	credentials *credentials
	dedup       *deduplicator
}

func newFleet(c *Config, d Dependencies, l *secret.Loader) *fleet {
	return &fleet{
		config: c, now: d.Now,
		provisioner: dps.NewProvisioner(&dps.Client{
			IDScope: c.IDScope, Endpoint: c.DPSEndpoint, Transport: d.DPS, Now: d.Now, UserAgent: userAgent, AcceptHub: c.acceptHub,
		}, dps.Options{}),
		hub:         &httpsend.Client{Transport: d.Hub, Now: d.Now, UserAgent: userAgent},
		hint:        newHint(c.HubHint),
		dedup:       newDeduplicator(c.DedupWindow),
		credentials: newCredentials(c, l),
	}
}

// chooseFleets gives each message the fleet that its device is of: the one that
// it names where the caller may use that, else the caller's first, else the
// environment's. There is no way from one to another.
func (s *Service) chooseFleets(c *caller, messages []transform.Message) error {
	if len(s.fleets) == 1 && s.fleets[""] != nil && (c == nil || c.fleets == nil) {
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
		if named && c != nil && !c.anyFleet && !slices.Contains(c.fleets, m.Fleet) && s.config.Auth == AuthKeys {
			return notAllowed("fleet " + logName(m.Fleet) + " is not for " + c.name)
		}
		if s.fleets[m.Fleet] != nil {
			continue
		}
		if named {
			return notAllowed("there is no fleet " + logName(m.Fleet))
		}
		return &refusal{code: codeInvalidMessage, detail: "nothing says of which fleet " + m.DeviceID + " is"}
	}
	return nil
}

// checkSuffixes reads the domains that a hub's name may end with. Device tokens
// go to the hub that DPS names, so it has to be one.
func (c *Config) checkSuffixes(fault faultFunc) {
	c.suffixes = []string{".azure-devices.net", ".azure-devices.us", ".azure-devices.cn"}
	for suffix := range strings.SplitSeq(c.HubSuffixes, ",") {
		suffix = strings.ToLower(strings.TrimSpace(suffix))
		switch {
		case suffix == "":
		case !hostName(strings.TrimPrefix(suffix, ".")) || suffix != "localhost" && !strings.Contains(strings.TrimPrefix(suffix, "."), "."):
			fault("HUB_SUFFIXES", "%q is no domain, as in .hubs.example", suffix)
		default:
			c.suffixes = append(c.suffixes, suffix)
		}
	}
}

// acceptHub tells whether a host is a hub: a name under one of the domains, or
// one of HUB_SUFFIXES itself where that has no leading dot.
func (c *Config) acceptHub(hub string) bool {
	host := hub
	if name, port, err := net.SplitHostPort(hub); err == nil && port != "" {
		host = name
	}
	host = strings.ToLower(host)
	for _, suffix := range c.suffixes {
		switch {
		case suffix[0] == '.':
			if len(host) > len(suffix) && strings.HasSuffix(host, suffix) {
				return true
			}
		case host == suffix || strings.HasSuffix(host, "."+suffix):
			return true
		}
	}
	return false
}
