package queue

// Error is why a queue did not do what it was asked.
type Error struct {
	Kind  Kind
	Queue string // which one: its kind and name, without credentials
	Err   error  // what the queue's client says; may be nil
}

// Kind is what a failure of a queue means.
type Kind string

// The kinds of failures.
const (
	Unavailable Kind = "unavailable" // cannot be reached, or fails: later it may do
	Full        Kind = "full"        // no room for more: items, bytes or disk
	TooLarge    Kind = "too large"   // the item is above Limits.ItemBytes
	Denied      Kind = "denied"      // wrong credentials, or missing rights
	Missing     Kind = "missing"     // the queue does not exist, or was deleted
	ReadOnly    Kind = "read only"   // the disk takes no writes
	NoItem      Kind = "no item"     // there is no dead letter with that id
	LeaseLost   Kind = "lease lost"  // the lease has ended: somebody else may have the item
)

func (e *Error) Error() string {
	text := e.Queue + ": " + string(e.Kind)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }
