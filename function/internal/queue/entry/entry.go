package entry

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"mayfly/transform/message"
)

// Version is what Encode writes.
const Version = 1

// Entry is a message that waits for its delivery.
type Entry struct {
	Source   string    // how its request was read: a source's name, telemetry or device
	Caller   string    // whom it was authorized for; empty where nobody is known
	Accepted time.Time // when its sender was told that it is stored
	Message  message.Message
}

// Key names the device of a message, which its entries keep their order by: its id, after the fleet's name and a slash
// where it has a fleet. It consists of letters, digits and "-._:/", and may be longer than 128 bytes.
func Key(m *message.Message) string {
	if m.Fleet == "" {
		return m.DeviceID
	}
	return m.Fleet + "/" + m.DeviceID
}

// ID names a message among all that are in a queue: the same for a message that is sent again. It has 32 hexadecimal
// digits.
func ID(m *message.Message) string {
	h := sha256.New()
	for _, part := range [...]string{m.Fleet, m.DeviceID, m.MessageID} {
		h.Write(strconv.AppendInt(nil, int64(len(part)), 10))
		h.Write([]byte{':'})
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Kind says why an entry cannot be read.
type Kind string

// The kinds of errors.
const (
	Malformed Kind = "not an entry"       // it cannot be delivered by any release
	Invalid   Kind = "invalid entry"      // a member breaks the rules for messages
	Unsigned  Kind = "not signed by us"   // the signature is missing or wrong: somebody else wrote or changed it
	Future    Kind = "of a newer version" // a newer release wrote it: keep it for one
)

// Error is an entry that cannot be read. Its text has nothing of the message's content.
type Error struct {
	Kind   Kind
	Detail string
}

func (e *Error) Error() string { return "queue entry: " + string(e.Kind) + ": " + e.Detail }
