package fleet

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/emulator/internal/mailbox"
	"mayfly/emulator/internal/throttle"
	"mayfly/emulator/internal/wire"
)

const maxHubs = 1000

// Allocation says how DPS chooses the hub of a new device (azure-docs iot-dps concepts-service.md).
type Allocation string

// The allocation policies. Azure's names on the wire are hashed, static and geoLatency.
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

// Settings are fixed for the life of a Fleet.
type Settings struct {
	GroupName     string
	Allocation    Allocation
	Reprovision   Reprovision
	NeedApproval  bool          // new devices await approval
	OneUseKey     bool          // a device that registered with one of its keys cannot use the other
	MaxPolls      int           // of an operation in PollWindow; below 0 there is no limit
	AssigningTime time.Duration // how long an operation is assigning
	MaxDevices    int
	SendsPerHub   int // per second; 0 is no limit
}

// Fleet is everything that is known. It may be used by several goroutines.
type Fleet struct {
	settings Settings
	newID    func() string // of operations
	feedback *mailbox.Log

	mu          sync.Mutex
	group       [2][]byte
	devices     map[string]*device    // by registration id in lower case
	aliases     map[string]string     // id in the hub -> key of devices, where they differ
	enrollments map[string]Enrollment // by registration id in lower case
	caGroups    []CAGroup
	hubs        map[string]*Hub
	linked      []string // names of the hubs that new devices are assigned to, in order
}

// Hub is what is counted for one hub.
type Hub struct {
	Sends *throttle.Bucket
	Quota throttle.Quota
}

// New returns a fleet without devices and hubs.
func New(s Settings, group [2][]byte, newID func() string, feedback *mailbox.Log) *Fleet {
	return &Fleet{settings: s, newID: newID, feedback: feedback, group: group, devices: map[string]*device{},
		aliases: map[string]string{}, enrollments: map[string]Enrollment{}, hubs: map[string]*Hub{}}
}

// Standing is what an operator has decided about a device.
type Standing string

// The standings.
const (
	Enrolled         Standing = "enrolled"
	AwaitingApproval Standing = "awaitingApproval" // DPS: failed, 400209
	Blocked          Standing = "blocked"          // DPS: failed, 400209; hub: 401, DEVICE_BLOCKED
	Disabled         Standing = "disabled"         // DPS: disabled; hub: 404
)

// device is all that is known of one device: its entry in DPS and its identity in a hub.
type device struct {
	registrationID string // as it was written first
	deviceID       string // its name in the hub: the same unless an enrollment says otherwise
	standing       Standing
	refusal        *wire.Refusal // scripted: DPS answers this and nothing else
	registration   Registration
	operation      operation
	identity       Identity
	target         string // the hub of the next registration; empty: decided by allocation
	payload        json.RawMessage
	modelID        string
	polls          []time.Time // the last few
	mailbox        *mailbox.Mailbox
	lastSeen       time.Time
	events         int
	keyUsed        int // 1 or 2: the key that DPS has seen; 0: none
}

// Device is what an operator sees of a device.
type Device struct {
	ID             string          `json:"id"`
	RegistrationID string          `json:"registrationId,omitempty"` // where it differs from the ID
	Standing       Standing        `json:"standing"`
	Status         string          `json:"status,omitempty"` // of the registration
	Hub            string          `json:"hub,omitempty"`    // where its identity is
	AssignedHub    string          `json:"assignedHub,omitempty"`
	ModelID        string          `json:"modelId,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
	Events         int             `json:"events"`
	Queued         int             `json:"queued"` // cloud-to-device messages
	LastSeen       time.Time       `json:"lastSeen,omitzero"`
}

// Devices returns all devices, by id.
func (f *Fleet) Devices(now time.Time) []Device {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Device, 0, len(f.devices))
	for _, d := range f.devices {
		out = append(out, f.view(d, now))
	}
	slices.SortFunc(out, func(a, b Device) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Device returns one device; ok is false when there is none of that id.
func (f *Fleet) Device(id string, now time.Time) (dev Device, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.find(id)
	if d == nil {
		return Device{}, false
	}
	return f.view(d, now), true
}

// Len returns how many devices there are.
func (f *Fleet) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.devices)
}

func (f *Fleet) view(d *device, now time.Time) Device {
	f.settle(d, now)
	v := Device{ID: d.deviceID, Standing: d.standing, Status: d.registration.Status, Hub: d.identity.Hub,
		AssignedHub: d.registration.Hub, ModelID: d.modelID, Payload: slices.Clone(d.payload), Events: d.events,
		LastSeen: d.lastSeen}
	if d.operation.active {
		v.Status = wire.StatusAssigning
	}
	if d.registrationID != d.deviceID {
		v.RegistrationID = d.registrationID
	}
	if d.mailbox != nil {
		v.Queued = d.mailbox.Depth(now)
	}
	return v
}

// find looks for a device by its registration id or by its id in the hub.
func (f *Fleet) find(id string) *device {
	if d := f.devices[strings.ToLower(id)]; d != nil {
		return d
	}
	return f.devices[f.aliases[id]]
}

// findOrAdd finds a device by its registration id or adds it.
func (f *Fleet) findOrAdd(id string) (*device, *wire.Refusal) {
	key := strings.ToLower(id)
	if d := f.devices[key]; d != nil {
		return d, nil
	}
	if len(f.devices) >= f.settings.MaxDevices {
		return nil, wire.Refuse(http.StatusForbidden, 403000, "The limit of %d registrations is reached.",
			f.settings.MaxDevices)
	}
	d := &device{registrationID: id, deviceID: id, standing: Enrolled}
	if f.settings.NeedApproval {
		d.standing = AwaitingApproval
	}
	if en, ok := f.enrollments[key]; ok && en.DeviceID != "" {
		d.deviceID = en.DeviceID
		f.aliases[en.DeviceID] = key
	}
	f.devices[key] = d
	return d, nil
}
