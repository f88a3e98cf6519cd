package workroom

import (
	"errors"

	"mayfly/function/internal/problem"
	"mayfly/transform/message"
)

// RequestBytes is what a request takes beside its body and what that becomes.
const RequestBytes = 32 << 10

var errNeedsTooMuch = &problem.Error{
	Code:   problem.BodyTooLarge,
	Detail: "the body takes more memory than the bridge has for one request; send less at a time",
}

// Problem makes the answer of an error of a lease; nil of another one.
func Problem(err error) *problem.Error {
	switch {
	case errors.Is(err, ErrTooLarge):
		return errNeedsTooMuch
	case errors.Is(err, ErrFull):
		return problem.ErrBusy
	}
	return nil
}

// Bodies is a lease as package transform asks for memory.
type Bodies struct{ *Lease }

// Take implements [message.Room].
func (b Bodies) Take(n int64) error {
	err := b.Lease.Take(n)
	if err == nil {
		return nil
	}
	kind := message.Busy
	if errors.Is(err, ErrTooLarge) {
		kind = message.TooLarge
	}
	return &message.Error{Kind: kind, Detail: Problem(err).Detail}
}

// Settle gives back what decoding took, and leaves what the messages hold until they are
// answered: each body twice, since it is written into an event.
func Settle(lease *Lease, body []byte, messages []message.Message) {
	held := RequestBytes + int64(cap(body))
	for i := range messages {
		held += 512 + 2*int64(len(messages[i].Body))
	}
	lease.Give(lease.Held() - held)
}
