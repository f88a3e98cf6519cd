package emulator

import "time"

type Fault struct {
	ID, Endpoint, State, Message, ContentType, Cut, RetryAfterText string
	ErrorCode, AssigningPolls, Status                              int
	Hang, Truncate                                                 bool
	Latency, SlowBody                                              time.Duration
}

const (
	CutBefore = "before"
	CutAfter  = "after"
)

type faults struct{ list []*Fault }

func (e *Emulator) AddFault(f Fault) (string, error) { return "", nil }
func (e *Emulator) pickFault(c *call) *Fault         { return nil }
func (e *Emulator) effects(c *call, f *Fault)        {}
func (f *Fault) refusal(service string) *Refusal     { return nil }
