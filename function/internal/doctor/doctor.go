package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/config"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/delivery/credentials"
	"mayfly/httpsend"
	"mayfly/internal/secret"
)

// Status is the outcome of a step.
type Status string

// The outcomes.
const (
	OK      Status = "ok"
	Fault   Status = "FAULT"
	Skipped Status = "skipped" // because a step before it failed, or was not asked for
)

// Step is one thing that was tried.
type Step struct {
	Fleet  string // empty for the environment's own
	Name   string
	Status Status
	Detail string // what was seen
	Remedy string // of a fault: what to do
}

// Options say what to try and by which means.
type Options struct {
	Fleets    []string // names; the environment's own is empty
	Device    string   // to be registered; empty to register none
	SendEvent bool     // send a test event of the device
	DPS, Hub  http.RoundTripper
	Secrets   *secret.Loader
	Now       func() time.Time
	UserAgent string
}

// Bounds of the steps.
const (
	stepTimeout     = 15 * time.Second
	registerTimeout = time.Minute     // DPS takes seconds, and more when it throttles
	maxSkew         = 2 * time.Minute // of the clock
	// probeDevice is looked up where no device is named. A look-up creates nothing.
	probeDevice = "mayfly-doctor"
)

// Run tries fleets of the configuration, then the hosts of its look-ups, and calls report with each step as it ends. It
// returns whether none failed.
func Run(ctx context.Context, c *config.Config, o Options, report func(Step)) bool {
	passed := true
	for _, name := range o.Fleets {
		e := &examination{Options: o, config: c, fleet: c.Fleets[name], report: func(s Step) {
			s.Fleet = name
			passed = passed && s.Status != Fault
			report(s)
		}}
		e.run(ctx)
	}
	e := &examination{config: c, report: func(s Step) {
		passed = passed && s.Status != Fault
		report(s)
	}}
	e.lookups(ctx)
	return passed
}

// examination is one fleet's way through the steps.
type examination struct {
	Options
	config *config.Config
	fleet  config.Fleet
	report func(Step)

	device dps.Device
	skew   time.Duration
}

func (e *examination) ok(name, format string, args ...any) {
	e.report(Step{Name: name, Status: OK, Detail: fmt.Sprintf(format, args...)})
}

func (e *examination) fault(name, detail, remedy string) {
	e.report(Step{Name: name, Status: Fault, Detail: detail, Remedy: remedy})
}

func (e *examination) skip(why string, names ...string) {
	for _, name := range names {
		e.report(Step{Name: name, Status: Skipped, Detail: why})
	}
}

// The names of the steps, in their order.
const (
	stepCredential   = "credential"
	stepDPSName      = "DPS name"
	stepDPS          = "DPS connection"
	stepClock        = "clock"
	stepScope        = "scope and key"
	stepRegistration = "registration"
	stepHubName      = "hub name"
	stepHub          = "hub connection"
	stepEvent        = "test event"
)

func (e *examination) run(ctx context.Context) {
	haveCredential := e.credential(ctx)
	base := e.fleet.DPSEndpoint
	if !strings.Contains(base, "://") {
		base = "https://" + base
	}
	if !e.connect(ctx, e.DPS, base, stepDPSName, stepDPS, "DPS_ENDPOINT") {
		e.skip("DPS cannot be reached", stepClock, stepScope, stepRegistration, stepHubName, stepHub, stepEvent)
		return
	}
	if !haveCredential {
		e.skip("there is no credential", stepScope, stepRegistration, stepHubName, stepHub, stepEvent)
		return
	}
	client := &dps.Client{
		IDScope: e.fleet.IDScope, Endpoint: e.fleet.DPSEndpoint, Transport: e.DPS, Now: e.Now, UserAgent: e.UserAgent,
		AcceptHub: e.config.AcceptHub,
	}
	if !e.lookUp(ctx, client) {
		e.skip("DPS does not accept the key", stepRegistration, stepHubName, stepHub, stepEvent)
		return
	}
	if e.Device == "" {
		e.skip("name a device with --device to register it", stepRegistration, stepHubName, stepHub, stepEvent)
		return
	}
	assignment, ok := e.register(ctx, client)
	if !ok {
		e.skip("the device has no hub", stepHubName, stepHub, stepEvent)
		return
	}
	if !e.connect(ctx, e.Hub, "https://"+assignment.Hub, stepHubName, stepHub, "") {
		e.skip("the hub cannot be reached", stepEvent)
		return
	}
	e.send(ctx, assignment)
}

// credential loads the keys or the certificate that the device proves itself with.
func (e *examination) credential(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	id := e.Device
	if id == "" {
		id = probeDevice
	}
	set := credentials.New(&e.fleet.Credentials, e.Secrets)
	device, err := set.Device(ctx, id)
	if err != nil {
		detail, remedy := explainCredential(err, e.Device != "")
		if e.Device == "" && len(e.fleet.Credentials.GroupKeys) == 0 {
			e.skip(detail+"; "+remedy, stepCredential)
		} else {
			e.fault(stepCredential, detail, remedy)
		}
		return false
	}
	e.device = device
	switch {
	case device.Certificate != nil:
		e.ok(stepCredential, "a certificate for %s", id)
	case device.SecondaryKey.IsZero():
		e.ok(stepCredential, "one key for %s", id)
	default:
		e.ok(stepCredential, "two keys for %s", id)
	}
	return true
}

// lookUp asks DPS for the device's registration. That proves scope and key and changes nothing.
func (e *examination) lookUp(ctx context.Context, client *dps.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	_, err := client.Lookup(ctx, e.device)
	switch {
	case err == nil:
		e.ok(stepScope, "DPS knows %s and accepts the key", e.device.ID)
	case errors.Is(err, dps.NotAssigned), errors.Is(err, dps.NotEnrolled), errors.Is(err, dps.Refused),
		errors.Is(err, dps.Disabled):
		e.ok(stepScope, "DPS knows the ID scope and accepts the key; %s has no hub yet", e.device.ID)
	default:
		detail, remedy := explainDPS(err, e.skew)
		e.fault(stepScope, detail, remedy)
		return false
	}
	return true
}

// register provisions the device as the bridge would.
func (e *examination) register(ctx context.Context, client *dps.Client) (*dps.Assignment, bool) {
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	e.device.Payload = delivery.RegistrationPayload(e.fleet.ModelID, "")
	assignment, err := dps.NewProvisioner(client, dps.Options{}).Assign(ctx, e.device)
	if err != nil {
		detail, remedy := explainDPS(err, e.skew)
		e.fault(stepRegistration, detail, remedy)
		return nil, false
	}
	e.ok(stepRegistration, "%s is assigned to %s", e.device.ID, assignment.Hub)
	return assignment, true
}

// send delivers an empty event, which charts show nowhere.
func (e *examination) send(ctx context.Context, a *dps.Assignment) {
	if !e.SendEvent {
		e.skip("not wanted", stepEvent)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	hub := &httpsend.Client{Transport: e.Hub, Now: e.Now, UserAgent: e.UserAgent, Tries: 2}
	target := httpsend.Target{Hub: a.Hub, DeviceID: a.DeviceID, Certificate: e.device.Certificate}
	if e.device.Certificate == nil {
		target.Key = httpsend.Key(e.device.Key)
	}
	begin := e.Now()
	err := hub.Send(ctx, target, httpsend.Event{Body: []byte("{}"), Properties: map[string]string{"test": "true"}})
	if err != nil {
		detail, remedy := explainHub(err, e.skew)
		e.fault(stepEvent, detail, remedy)
		return
	}
	e.ok(stepEvent, "the hub has stored {} with the property test=true, after %s", rounded(e.Now().Sub(begin)))
}

// hostOf returns the host of a URL for messages.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}

func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}
