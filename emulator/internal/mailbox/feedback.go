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

// Log keeps the last feedback of all mailboxes. It may be used by several goroutines.
type Log struct {
	mu   sync.Mutex
	list ring.Ring[Feedback]
}

// NewLog returns an empty log.
func NewLog() *Log { return &Log{list: ring.New[Feedback](maxFeedback)} }

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
