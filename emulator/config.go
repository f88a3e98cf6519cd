package emulator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Defaults of Config.
const (
	// DefaultIDScope is the ID scope of an emulator that was not told another.
	DefaultIDScope = "0ne00000001"
	// DefaultHub is the only hub of an emulator that was not told others.
	DefaultHub = "hub-1.azure-devices.net"
	// DefaultGroupKey is the enrollment group's key of an emulator that was not told another. It is public and
	// guards nothing.
	DefaultGroupKey = "bWF5Zmx5LWVtdWxhdG9yLWRldmVsb3BtZW50LWdyb3VwLWtleS10aGF0LWd1YXJkcy1ub3RoaW5nLWF0LWFsbA=="
	// DefaultRetryAfter is what DPS says with 202 (azure-docs iot-dps-https-sym-key-support.md, transcripts).
	DefaultRetryAfter = 3 * time.Second
	// DefaultBlobHost stands for the storage account behind the file upload.
	DefaultBlobHost = "mayflyemulator.blob.core.windows.net"

	defaultListen      = "127.0.0.1:0"
	defaultEventLimit  = 10_000
	defaultCallLimit   = 10_000
	defaultDeviceLimit = 1_000_000 // azure-docs includes/iot-dps-limits.md: registrations stored
	defaultBlobLimit   = 64 << 20
	// azure-docs includes/iot-dps-limits.md: registrations and operations per minute and service, polling per device.
	defaultPerMinute    = 1000
	defaultPollsPerTen  = 5
	pollWindow          = 10 * time.Second
	defaultGroupName    = "mayfly-devices"
	defaultC2DDelivery  = 10 // azure-docs iot-hub-devguide-messages-c2d.md: maxDeliveryCount
	defaultHubErrorWait = 10 * time.Second
)

// Allocation says how DPS chooses the hub of a new device (azure-docs iot-dps concepts-service.md).
type Allocation string

// The allocation policies. Azure's wire names are hashed, static and geoLatency.
const (
	EvenlyWeighted Allocation = "evenlyWeighted"
	Static         Allocation = "static"
	LowestLatency  Allocation = "lowestLatency" // here: the first hub
)

// Reprovision says what a new registration of a known device does (azure-docs iot-dps concepts-device-reprovision.md).
type Reprovision string

// The re-provisioning policies.
const (
	ReprovisionAndMigrate Reprovision = "migrate"
	ReprovisionAndReset   Reprovision = "reset"
	ReprovisionNever      Reprovision = "never"
)

// Envelope is the shape of a hub's error body. Both occur in the wild, often from one hub.
type Envelope string

// The envelopes.
const (
	// EnvelopeByCode answers as the published samples do: 401, 403 and 429 nested, all else as text.
	EnvelopeByCode Envelope = ""
	// EnvelopeText is {"Message":"ErrorCode:Name;text","ExceptionMessage":"Tracking ID:..."}.
	EnvelopeText Envelope = "text"
	// EnvelopeNested is {"Message":"{\"errorCode\":n,...}","ExceptionMessage":""}.
	EnvelopeNested Envelope = "nested"
	// EnvelopeAlternate takes turns.
	EnvelopeAlternate Envelope = "alternate"
)

// Config describes an emulator. The zero value is a DPS with one enrollment group of symmetric keys and one hub.
type Config struct {
	IDScope           string // DefaultIDScope
	GroupKey          string // base64; DefaultGroupKey
	GroupKeySecondary string // base64; none
	GroupName         string // the group's name in answers and the record

	Hubs        []string    // host names; DefaultHub
	Allocation  Allocation  // EvenlyWeighted
	Reprovision Reprovision // ReprovisionAndMigrate
	Envelope    Envelope    // EnvelopeByCode

	// RetryAfter goes with every 202 in whole seconds, rounded down, so that a millisecond says 0.
	// 0 is DefaultRetryAfter; below 0 the header is absent.
	RetryAfter     time.Duration
	AssigningPolls int           // how many polls still say assigning
	AssigningTime  time.Duration // and how long they do, by the emulator's clock
	AssignAtOnce   bool          // register answers 200 assigned, without an operation to poll
	NeedApproval   bool          // a device that DPS has never seen waits for Approve
	OneUseKey      bool          // once registered with one of two keys, the other is refused (azure-iot-sdk-node#721)

	RegistrationsPerMinute int // PUT; 0 is 1000, below 0 no limit
	OperationsPerMinute    int // GET and POST; 0 is 1000, below 0 no limit
	PollsPerTenSeconds     int // per device; 0 is 5, below 0 no limit

	HubSendsPerSecond int           // per hub; 0 is no limit
	HubBacklog        time.Duration // how long a send over that rate may be queued before it is refused; 0 is 10 s
	DailyQuota        int           // 4 KB chunks a hub takes in one UTC day; 0 is no limit
	ClockSkew         time.Duration // how long after its expiry a token is still taken

	Now  func() time.Time // time.Now
	Seed uint64           // of everything that is drawn

	Listen, Console string   // addresses of Listen; a free port of 127.0.0.1
	Names           []string // more names of this machine, say that of a container: as on localhost, the path tells DPS from hubs
	BlobHost        string   // DefaultBlobHost
	EventLimit      int      // stored events kept; 10,000
	CallLimit       int      // calls kept; 10,000
	DeviceLimit     int      // devices known; 1,000,000
	BlobLimit       int64    // bytes of uploaded files kept; 64 MiB

	// CADir holds ca.pem and ca-key.pem, which are made when they are missing. Without it each emulator has a CA of
	// its own.
	CADir string

	// Page answers what the console's own paths do not, GET / among them. It stands behind the same guards: loopback
	// Host names, no cross-origin change. Without it GET / is a page of text.
	Page http.Handler

	ErrorLog io.Writer // where net/http tells of a bug in a handler; os.Stderr

	Enrollments []Enrollment // individual enrollments
	Faults      []Fault
}

// ErrConfig is wrapped by every error of New.
var ErrConfig = errors.New("emulator: wrong configuration")

// defaulted returns the configuration with its gaps filled, or every fault that was found.
func (c Config) defaulted() (Config, error) {
	def(&c.IDScope, DefaultIDScope)
	def(&c.GroupKey, DefaultGroupKey)
	def(&c.GroupName, defaultGroupName)
	def(&c.Allocation, EvenlyWeighted)
	def(&c.Reprovision, ReprovisionAndMigrate)
	def(&c.RetryAfter, DefaultRetryAfter)
	def(&c.RegistrationsPerMinute, defaultPerMinute)
	def(&c.OperationsPerMinute, defaultPerMinute)
	def(&c.PollsPerTenSeconds, defaultPollsPerTen)
	def(&c.HubBacklog, defaultHubErrorWait)
	def(&c.Listen, defaultListen)
	def(&c.Console, defaultListen)
	def(&c.BlobHost, DefaultBlobHost)
	def(&c.EventLimit, defaultEventLimit)
	def(&c.CallLimit, defaultCallLimit)
	def(&c.DeviceLimit, defaultDeviceLimit)
	def(&c.BlobLimit, defaultBlobLimit)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ErrorLog == nil {
		c.ErrorLog = os.Stderr
	}
	if len(c.Hubs) == 0 {
		c.Hubs = []string{DefaultHub}
	}
	hubs := make([]string, len(c.Hubs))
	var errs []error
	for i, h := range c.Hubs {
		hubs[i] = strings.ToLower(h)
		if kindOfHost(hubs[i], c.BlobHost) != hostHub {
			errs = append(errs, fmt.Errorf("%w: hub %q: want NAME.azure-devices.net (or .us, .cn)", ErrConfig, h))
		}
	}
	c.Hubs = hubs
	for _, k := range []struct{ name, key string }{{"group key", c.GroupKey}, {"secondary group key", c.GroupKeySecondary}} {
		if err := checkKey(k.key); k.key != "" && err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", ErrConfig, k.name, err))
		}
	}
	switch c.Allocation {
	case EvenlyWeighted, Static, LowestLatency:
	default:
		errs = append(errs, fmt.Errorf("%w: allocation %q: want %s, %s or %s", ErrConfig, c.Allocation, EvenlyWeighted, Static, LowestLatency))
	}
	switch c.Reprovision {
	case ReprovisionAndMigrate, ReprovisionAndReset, ReprovisionNever:
	default:
		errs = append(errs, fmt.Errorf("%w: re-provisioning %q: want %s, %s or %s", ErrConfig, c.Reprovision,
			ReprovisionAndMigrate, ReprovisionAndReset, ReprovisionNever))
	}
	if strings.ContainsAny(c.IDScope, "/%? ") {
		errs = append(errs, fmt.Errorf("%w: ID scope %q: want letters and digits", ErrConfig, c.IDScope))
	}
	return c, errors.Join(errs...)
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// checkKey holds a symmetric key against azure-docs iot-dps concepts-symmetric-key-attestation.md: 16 to 64 bytes in base64.
func checkKey(key string) error {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return fmt.Errorf("not base64: %w", err)
	}
	if len(raw) < 16 || len(raw) > 64 {
		return fmt.Errorf("%d bytes: want 16 to 64", len(raw))
	}
	return nil
}
