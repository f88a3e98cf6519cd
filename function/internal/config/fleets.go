package config

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/delivery/credentials"
	"mayfly/internal/secret"
	"mayfly/internal/upstream"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/reduce"
	"mayfly/transform/template"
)

// FleetSpec is a fleet of its own in the configuration file: another DPS, and
// other keys. What it leaves out is empty; nothing is taken from another fleet.
type FleetSpec struct {
	Name              string      `yaml:"name"` // lower-case letters, digits and hyphens
	IDScope           string      `yaml:"idScope" env:"ID_SCOPE"`
	GroupKey          secret.Text `yaml:"groupKey" env:"GROUP_KEY"`
	GroupKeySecondary secret.Text `yaml:"groupKeySecondary" env:"GROUP_KEY_SECONDARY"`
	DeviceKeys        secret.Text `yaml:"deviceKeys" env:"DEVICE_KEYS"`
	DeviceCerts       string      `yaml:"deviceCerts" env:"DEVICE_CERTS"`
	DeviceCA          secret.Text `yaml:"deviceCA" env:"DEVICE_CA"`
	DPSEndpoint       string      `yaml:"dpsEndpoint" env:"DPS_ENDPOINT"`
	ModelID           string      `yaml:"modelId" env:"MODEL_ID"`
	HubHint           string      `yaml:"hubHint" env:"HUB_HINT"`

	Template *template.Policy `yaml:"template"` // what happens to telemetry of this fleet that fits no template
	Reduce   *reduce.Spec     `yaml:"reduce"`   // how its readings become fewer messages, before that of the file
	Enrich   []enrich.Step    `yaml:"enrich"`   // what is added to messages of this fleet, instead of those of the file
}

// Fleet is a fleet whose specification was checked.
type Fleet struct {
	IDScope     string
	DPSEndpoint string
	ModelID     string // of devices that name none
	HubHint     string
	Credentials credentials.Options
	Template    *template.Policy // nil: the global one
}

// checkFleets checks the fleets of the file and the environment's own.
func (c *Config) checkFleets(file *File, fault faultFunc) {
	c.checkFileFleets(file)
	if c.LeafLifetime < time.Hour || c.LeafLifetime > 365*24*time.Hour {
		fault("LEAF_LIFETIME", "must be from 1h to 8760h")
	}
	if c.IDScope != "" || len(file.Fleets) == 0 {
		c.Fleets[""] = c.checkFleet(&c.FleetSpec, c.KeyURL, fault,
			func(variable, value string, check func(string) error) *secret.Reference {
				ref, err := parseReference(value, check)
				if err != nil {
					fault(variable, "%v", err)
				}
				return ref
			})
	}
}

// checkFileFleets checks the fleets of the file.
func (c *Config) checkFileFleets(file *File) {
	c.Fleets = map[string]Fleet{}
	for i := range file.Fleets {
		f := &file.Fleets[i]
		place := fmt.Sprintf("fleets[%d].", i)
		if f.DeviceCerts != "" {
			file.refer(place+"deviceCerts", "file:"+f.DeviceCerts, false)
		}
		if _, has := c.Fleets[f.Name]; f.Name != "" && has {
			file.add(place+"name", "another fleet has this name")
		} else if f.Name == "" || strings.Trim(f.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			file.add(place+"name", "is missing, or has more than lower-case letters, digits and hyphens")
		}
		c.Fleets[f.Name] = c.checkFleet(f, "",
			func(variable, format string, args ...any) {
				if variable == "DEVICE_CERTS" && file.lenient { // its keys may be on another machine
					file.warn(place+fleetMember(variable), format, args...)
					return
				}
				file.add(place+fleetMember(variable), format, args...)
			},
			func(variable, value string, check func(string) error) *secret.Reference {
				return file.reference(place+fleetMember(variable), value, check)
			})
	}
}

// refer reads the reference in a variable, or the secret itself; nil when there is
// none, or when it is wrong.
type refer func(variable, value string, check func(string) error) *secret.Reference

// fleetMember gives the file's name of what is a variable for the environment's own
// fleet: groupKey for GROUP_KEY.
func fleetMember(variable string) string {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[FleetSpec]()) {
		if field.Tag.Get("env") == variable {
			return field.Tag.Get("yaml")
		}
	}
	return variable
}

// checkFleet checks what one fleet is made of.
func (c *Config) checkFleet(f *FleetSpec, keyURL string, fault faultFunc, refer refer) Fleet {
	f.DPSEndpoint = cmp.Or(f.DPSEndpoint, dps.GlobalEndpoint)
	if f.IDScope == "" {
		fault(
			"ID_SCOPE",
			`is missing: the ID scope stands on the DPS's overview page, or in IoT Central under Permissions, `+
				`Device connection groups; as in 0ne00123ABC`,
		)
	} else if !plainScope(f.IDScope) {
		fault("ID_SCOPE", "is not an ID scope: want letters and digits, as in 0ne00123ABC")
	}
	if !validEndpoint(f.DPSEndpoint) {
		fault("DPS_ENDPOINT", "%q is neither a host name nor an https URL", f.DPSEndpoint)
	}
	if f.ModelID != "" && !message.ValidModelID(f.ModelID) {
		fault("MODEL_ID", "%q is not a DTMI, as in dtmi:example:Thermostat;1", f.ModelID)
	}
	if f.HubHint != "" && !hostName(f.HubHint) {
		fault("HUB_HINT", "%q is not a host name, as in my-hub.azure-devices.net", f.HubHint)
	} else if f.HubHint != "" && !c.AcceptHub(f.HubHint) {
		fault("HUB_HINT", "%q is not an IoT hub's name; HUB_SUFFIXES adds domains to .azure-devices.net, "+
			".azure-devices.us and .azure-devices.cn", f.HubHint)
	}
	return Fleet{
		IDScope: f.IDScope, DPSEndpoint: f.DPSEndpoint, ModelID: f.ModelID, HubHint: f.HubHint,
		Credentials: c.checkKeys(f, keyURL, fault, refer), Template: f.Template,
	}
}

// checkSuffixes reads the domains that a hub's name may end with. Device tokens
// go to the hub that DPS names, so it has to be one.
func (c *Config) checkSuffixes(fault faultFunc) {
	c.suffixes = []string{".azure-devices.net", ".azure-devices.us", ".azure-devices.cn"}
	for suffix := range strings.SplitSeq(c.HubSuffixes, ",") {
		suffix = strings.ToLower(strings.TrimSpace(suffix))
		switch {
		case suffix == "":
		case !hostName(strings.TrimPrefix(suffix, ".")) || suffix != "localhost" &&
			!strings.Contains(strings.TrimPrefix(suffix, "."), "."):
			fault("HUB_SUFFIXES", "%q is not a domain, as in .hubs.example", suffix)
		default:
			c.suffixes = append(c.suffixes, suffix)
		}
	}
}

// AcceptHub tells whether a host is a hub: a name under one of the domains, or
// one of HUB_SUFFIXES itself where that has no leading dot.
func (c *Config) AcceptHub(hub string) bool {
	if !upstream.ValidHost(hub) {
		return false
	}
	host, _, _ := strings.Cut(strings.ToLower(hub), ":")
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

// checkKeys reads the references of the credentials. What is on this machine is
// looked at now; what a cloud keeps is fetched when it is first needed.
func (c *Config) checkKeys(f *FleetSpec, keyURL string, fault faultFunc, refer refer) credentials.Options {
	out := credentials.Options{LeafLifetime: c.LeafLifetime, Folder: f.DeviceCerts}
	group := f.GroupKey.Reveal()
	if group == "" && keyURL != "" {
		if ref := refer("IOTC_KEY_URL", keyURL, checkKey); ref != nil {
			if ref.Kind() != secret.KeyVault {
				fault("IOTC_KEY_URL", "is not a Key Vault secret URL, as in https://VAULT.vault.azure.net/secrets/NAME")
			}
			out.GroupKeys = append(out.GroupKeys, *ref)
		}
	}
	for _, k := range []struct {
		variable, value string
	}{{"GROUP_KEY", group}, {"GROUP_KEY_SECONDARY", f.GroupKeySecondary.Reveal()}} {
		if ref := refer(k.variable, k.value, checkKey); ref != nil {
			out.GroupKeys = append(out.GroupKeys, *ref)
		}
	}
	out.DeviceKeys = refer("DEVICE_KEYS", f.DeviceKeys.Reveal(), credentials.CheckKeys)
	out.CA = refer("DEVICE_CA", f.DeviceCA.Reveal(), credentials.CheckCA)
	if f.DeviceCerts != "" {
		if info, err := os.Stat(f.DeviceCerts); err != nil || !info.IsDir() {
			fault("DEVICE_CERTS", "%q is not a folder that can be read", f.DeviceCerts)
		}
	}
	if group == "" && keyURL == "" && f.DeviceKeys.Reveal() == "" && f.DeviceCA.Reveal() == "" && f.DeviceCerts == "" {
		fault(
			"GROUP_KEY",
			"is missing: the primary key of the enrollment group, in IoT Central under Permissions, Device "+
				"connection groups",
		)
	}
	return out
}

func checkKey(text string) error {
	_, err := dps.ParseKey(text)
	return err
}

// parseReference reads a secret or a reference to one; nil when there is none. What is
// on this machine is looked at.
func parseReference(value string, check func(string) error) (*secret.Reference, error) {
	if value == "" {
		return nil, nil
	}
	ref, err := secret.Parse(value)
	if err == nil && (ref.Kind() == secret.Literal || ref.Kind() == secret.File) {
		var text string
		if text, err = (&secret.Loader{}).Load(context.Background(), ref); err == nil {
			err = check(text)
		}
	}
	if err != nil {
		return nil, err
	}
	return &ref, nil
}
