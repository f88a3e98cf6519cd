package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"mayfly/emulator/internal/dps"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/hub"
	"mayfly/emulator/internal/wire"
)

// Defaults of Config.
const (
	// DefaultIDScope is the default ID scope.
	DefaultIDScope = "0ne00000001"
	// DefaultHub is the only hub by default.
	DefaultHub = "hub-1.azure-devices.net"
	// DefaultGroupKey is the default key of the enrollment group. It is public and protects nothing.
	DefaultGroupKey = "bWF5Zmx5LWVtdWxhdG9yLWRldmVsb3BtZW50LWdyb3VwLWtleS10aGF0LWd1YXJkcy1ub3RoaW5nLWF0LWFsbA=="
	// DefaultRetryAfter is what DPS sends with 202 (azure-docs iot-dps-https-sym-key-support.md, transcripts).
	DefaultRetryAfter = 3 * time.Second
	// DefaultBlobHost is the host name of the storage account behind the file upload.
	DefaultBlobHost = "mayflyemulator.blob.core.windows.net"

	defaultGroupName  = "mayfly-devices"
	defaultListen     = "127.0.0.1:0"
	defaultMaxEvents  = 10_000
	defaultMaxCalls   = 10_000
	defaultMaxBlobs   = 64 << 20
	defaultMaxDevices = 1_000_000 // azure-docs includes/iot-dps-limits.md: registrations stored
	defaultHubBacklog = 10 * time.Second
	// azure-docs includes/iot-dps-limits.md: registrations and operations per minute and service, polls per device.
	defaultPerMinute = 1000
	defaultMaxPolls  = 5
)

// Config describes an emulator. The zero value is a DPS with one enrollment group of symmetric keys and one hub.
type Config struct {
	IDScope           string // DefaultIDScope
	GroupKey          string // base64; DefaultGroupKey
	GroupKeySecondary string // base64; none by default
	GroupName         string // the group's name in answers

	Hubs        []string    // host names; DefaultHub
	Allocation  Allocation  // EvenlyWeighted
	Reprovision Reprovision // ReprovisionAndMigrate
	Envelope    Envelope    // EnvelopeByCode

	// RetryAfter is sent with every 202 in whole seconds, rounded down: a millisecond is sent as 0.
	// 0 is DefaultRetryAfter; below 0 the header is absent.
	RetryAfter     time.Duration
	AssigningPolls int           // how many polls are answered "assigning"
	AssigningTime  time.Duration // and for how long, by the emulator's clock
	AssignAtOnce   bool          // register answers 200 assigned, without an operation to poll
	NeedApproval   bool          // a device that DPS has never seen waits for Approve
	OneUseKey      bool          // once registered with one of two keys, the other is refused (azure-iot-sdk-node#721)

	RegistrationsPerMinute int // PUT; 0 is 1000, below 0 no limit
	OperationsPerMinute    int // GET and POST; 0 is 1000, below 0 no limit
	PollsPerTenSeconds     int // per device; 0 is 5, below 0 no limit

	HubSendsPerSecond int           // per hub; 0 is no limit
	HubBacklog        time.Duration // how long a send over that rate may be queued before it is refused; 0 is 10 s
	DailyQuota        int           // 4 KB chunks that a hub stores in one UTC day; 0 is no limit
	ClockSkew         time.Duration // how long a token is accepted after it has expired

	Now  func() time.Time // time.Now
	Seed uint64           // of everything that is drawn at random

	Listen, Console string // addresses of Listen; by default a free port of 127.0.0.1
	// Names are more names of this machine, such as that of a container. As with localhost, the path of a request to
	// one of them tells whether DPS or a hub is meant.
	Names       []string
	BlobHost    string // DefaultBlobHost
	EventLimit  int    // stored events kept; 10,000
	CallLimit   int    // calls kept; 10,000
	DeviceLimit int    // devices known; 1,000,000
	BlobLimit   int64  // bytes of uploaded files kept; 64 MiB

	// CADir is the folder of ca.pem and ca-key.pem, which are created when they are missing. Without it each emulator
	// has a CA of its own.
	CADir string

	// Page answers the requests to the console that the console's own paths do not, GET / among them. It is protected
	// like those: loopback Host names only, no changes from other origins. Without it GET / is a page of text.
	Page http.Handler

	// WatchMessages is told of each step of each cloud-to-device message. It must return at once, and not call the
	// emulator.
	WatchMessages func(MessageStep)

	ErrorLog io.Writer // where net/http reports bugs in handlers; os.Stderr

	Enrollments []Enrollment // individual enrollments
	Faults      []Fault
}

// ErrConfig is wrapped by every error of New.
var ErrConfig = errors.New("emulator: wrong configuration")

// withDefaults returns the configuration with defaults in place of zero values, or an error that names all that is
// wrong.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.IDScope, DefaultIDScope)
	setDefault(&c.GroupKey, DefaultGroupKey)
	setDefault(&c.GroupName, defaultGroupName)
	setDefault(&c.Allocation, EvenlyWeighted)
	setDefault(&c.Reprovision, ReprovisionAndMigrate)
	setDefault(&c.RetryAfter, DefaultRetryAfter)
	setDefault(&c.RegistrationsPerMinute, defaultPerMinute)
	setDefault(&c.OperationsPerMinute, defaultPerMinute)
	setDefault(&c.PollsPerTenSeconds, defaultMaxPolls)
	setDefault(&c.HubBacklog, defaultHubBacklog)
	setDefault(&c.Listen, defaultListen)
	setDefault(&c.Console, defaultListen)
	setDefault(&c.BlobHost, DefaultBlobHost)
	setDefault(&c.EventLimit, defaultMaxEvents)
	setDefault(&c.CallLimit, defaultMaxCalls)
	setDefault(&c.DeviceLimit, defaultMaxDevices)
	setDefault(&c.BlobLimit, defaultMaxBlobs)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ErrorLog == nil {
		c.ErrorLog = os.Stderr
	}
	if len(c.Hubs) == 0 {
		c.Hubs = []string{DefaultHub}
	}
	return c, c.validate()
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func (c *Config) validate() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	for _, h := range c.Hubs {
		if wire.KindOfHost(strings.ToLower(h), c.BlobHost) != wire.HostHub {
			wrong("hub %q: want NAME.azure-devices.net (or .us, .cn)", h)
		}
	}
	if _, err := decodeKeys(c.GroupKey, c.GroupKeySecondary); err != nil {
		errs = append(errs, err)
	}
	switch c.Allocation {
	case EvenlyWeighted, Static, LowestLatency:
	default:
		wrong("allocation %q: want %s, %s or %s", c.Allocation, EvenlyWeighted, Static, LowestLatency)
	}
	switch c.Reprovision {
	case ReprovisionAndMigrate, ReprovisionAndReset, ReprovisionNever:
	default:
		wrong("re-provisioning %q: want %s, %s or %s", c.Reprovision, ReprovisionAndMigrate, ReprovisionAndReset,
			ReprovisionNever)
	}
	switch c.Envelope {
	case EnvelopeByCode, EnvelopeText, EnvelopeNested, EnvelopeAlternate:
	default:
		wrong("envelope %q: want %s, %s, %s or nothing", c.Envelope, EnvelopeText, EnvelopeNested, EnvelopeAlternate)
	}
	if strings.ContainsAny(c.IDScope, "/%? ") {
		wrong("ID scope %q: want letters and digits", c.IDScope)
	}
	return errors.Join(errs...)
}

func (c *Config) fleet() fleet.Settings {
	return fleet.Settings{GroupName: c.GroupName, Allocation: c.Allocation, Reprovision: c.Reprovision,
		NeedApproval: c.NeedApproval, OneUseKey: c.OneUseKey, MaxPolls: c.PollsPerTenSeconds,
		AssigningTime: c.AssigningTime, MaxDevices: c.DeviceLimit, SendsPerHub: c.HubSendsPerSecond}
}

func (c *Config) dps() dps.Settings {
	return dps.Settings{IDScope: c.IDScope, GroupName: c.GroupName, RetryAfter: c.RetryAfter,
		AssigningPolls: c.AssigningPolls, AssignAtOnce: c.AssignAtOnce,
		RegistrationsPerMinute: c.RegistrationsPerMinute, OperationsPerMinute: c.OperationsPerMinute,
		ClockSkew: c.ClockSkew}
}

func (c *Config) hub(now func() time.Time, pause func(context.Context, time.Duration) error) hub.Settings {
	return hub.Settings{Envelope: c.Envelope, Backlog: c.HubBacklog, DailyQuota: c.DailyQuota,
		ClockSkew: c.ClockSkew, BlobHost: c.BlobHost, Now: now, Pause: pause}
}
