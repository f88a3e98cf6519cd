package mailbox

import (
	"sync"
	"time"

	"mayfly/emulator/internal/ring"
)

const maxFeedback = 10_000

// Outcome is how a cloud-to-device message ended.
type Outcome string

// The outcomes, by the names of the feedback messages.
const (
	Success               Outcome = "Success"
	Expired               Outcome = "Expired"
	DeliveryCountExceeded Outcome = "DeliveryCountExceeded"
	Rejected              Outcome = "Rejected"
	Purged                Outcome = "Purged"
)

// Feedback is the end of a cloud-to-device message.
type Feedback struct {
	Device        string    `json:"device"`
	MessageID     string    `json:"messageId"`
	Outcome       Outcome   `json:"outcome"`
	DeliveryCount int       `json:"deliveryCount"`
	Time          time.Time `json:"time"`
}

// State is where a cloud-to-device message is on its way; at its end it is an Outcome.
type State string

// The states of a message that has not ended, and what happens to it.
const (
	Queued    State = "queued"
	Locked    State = "locked"
	Abandoned State = "abandoned"    // the device gave it back: it is queued again
	Unlocked  State = "lock expired" // likewise, without having counted as a delivery
)

// Step is what has happened to a message.
type Step struct {
	Device        string
	MessageID     string
	Command       string // of IoT Central; may be empty
	State         State  // or an Outcome
	Sequence      uint64
	DeliveryCount int
}

// Log keeps the last feedback of all mailboxes. It may be used by several goroutines.
type Log struct {
	mu    sync.Mutex
	list  ring.Ring[Feedback]
	watch func(Step)
}

// NewLog returns an empty log. watch is told of each step of each message; it may be nil.
func NewLog(watch func(Step)) *Log {
	if watch == nil {
		watch = func(Step) {}
	}
	return &Log{list: ring.New[Feedback](maxFeedback), watch: watch}
}

// All returns the feedback, oldest first.
func (l *Log) All() []Feedback {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Feedback, 0, l.list.Len())
	for i := range l.list.Len() {
		out = append(out, *l.list.At(i))
	}
	return out
}

func (l *Log) add(f Feedback) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list.Push(f)
}
