package requestlog

import (
	"mayfly/function/internal/problem"
	"mayfly/transform/message"
)

// Finished is what became of a request, for a person who watches: unlike the log it shows
// what the body held. Its texts are as the sender wrote them, control characters included.
type Finished struct {
	Method, Path string
	Source       string   // empty where none was found
	Caller       string   // who sent it; empty where nobody has to say
	Devices      []string // that a problem is about, or all; the first ones
	Messages     int      // that the body held
	Notes        int      // on what was left out, or what a codec had to say
	Delivered    int
	Queued       int // accepted by the queue, and not delivered yet
	Repeated     int // stored before, and not sent again
	Commands     int // that went with the answer
	Ignored      int
	Reasons      []string // why parts were ignored

	Status   int // of the problem; 0 without one
	Code     problem.Code
	Title    string // of the code
	Detail   string
	Errors   []message.FieldError
	Accepted bool // the problem was answered 2xx
}
