package function

import (
	"errors"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/workroom"
	"mayfly/transform/message"
)

// requestBytes is what a request takes beside its body and what that becomes.
const requestBytes = 32 << 10

var errNeedsTooMuch = &problem.Error{
	Code:   problem.BodyTooLarge,
	Detail: "the body takes more memory than the bridge has for one request; send less at a time",
}

// leaseProblem makes the answer of an error of a lease; nil of another one.
func leaseProblem(err error) *problem.Error {
	switch {
	case errors.Is(err, workroom.ErrTooLarge):
		return errNeedsTooMuch
	case errors.Is(err, workroom.ErrFull):
		return problem.ErrBusy
	}
	return nil
}

// bodyRoom is a lease as package transform asks for memory.
type bodyRoom struct{ lease *workroom.Lease }

func (r bodyRoom) Give(n int64) { r.lease.Give(n) }

func (r bodyRoom) Take(n int64) error {
	err := r.lease.Take(n)
	if err == nil {
		return nil
	}
	kind := message.Busy
	if errors.Is(err, workroom.ErrTooLarge) {
		kind = message.TooLarge
	}
	return &message.Error{Kind: kind, Detail: leaseProblem(err).Detail}
}

// settle gives back what decoding took, and leaves what the messages hold until they are
// answered: each body twice, since it is written into an event.
func settle(lease *workroom.Lease, body []byte, messages []message.Message) {
	held := requestBytes + int64(cap(body))
	for i := range messages {
		held += 512 + 2*int64(len(messages[i].Body))
	}
	lease.Give(lease.Held() - held)
}
