package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"mayfly/transform/message"
)

// Identify gives every message an id, so that a resend can be told from a new
// event downstream: the sender's own, the request's Idempotency-Key (key), or a
// hash of device, time, properties and content. Where the sender gave neither an id nor a
// time, two equal readings are two readings: the id is a new one then.
func Identify(messages []message.Message, key string) {
	var seen map[string]int
	var once [16]byte // drawn when it is first needed
	for i := range messages {
		m := &messages[i]
		switch {
		case m.MessageID != "":
		case key != "":
			m.MessageID = hash(m.DeviceID, key, strconv.Itoa(i))
			if len(messages) == 1 && message.ValidMessageID(key) {
				m.MessageID = key
			}
		case !sentTime(m).IsZero():
			m.MessageID = hash(
				append(properties(m), m.DeviceID, sentTime(m).Format(time.RFC3339Nano), m.Component, string(m.Body))...)
		default:
			if once == [16]byte{} {
				draw(&once)
			}
			m.MessageID = transientID(once, i)
			continue
		}
		if len(messages) == 1 {
			return
		}
		if seen == nil {
			seen = make(map[string]int, len(messages))
		}
		// Two equal messages in one request are meant to be two.
		name := m.DeviceID + "\x00" + m.MessageID
		if n := seen[name]; n > 0 {
			m.MessageID = hash(m.MessageID, strconv.Itoa(n))
		}
		seen[name]++
	}
}

// sentTime gives the time that tells one message of a sender from another: its own, though
// it cannot be right, and never that of the arrival, which a resend does not share.
func sentTime(m *message.Message) time.Time {
	if m.Arrived {
		return m.Sent
	}
	return m.Time
}

// properties gives the application properties in one order: what tells two series of
// one scrape apart may stand there alone.
func properties(m *message.Message) []string {
	parts := make([]string, 0, 2*len(m.Properties)+4)
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		parts = append(parts, name, m.Properties[name])
	}
	return parts
}

// transientPrefix marks an id that a resend would not have again.
const transientPrefix = "once-"

// draw makes a name that nobody has: 128 bits of the runtime's own generator,
// since a name is no secret and a system call for each is not free.
func draw(name *[16]byte) {
	binary.BigEndian.PutUint64(name[:8], rand.Uint64()) //nolint:gosec // a name is no secret
	binary.BigEndian.PutUint64(name[8:], rand.Uint64()) //nolint:gosec // a name is no secret
}

// transientID makes the id of message i of a request that drew random.
func transientID(random [16]byte, i int) string {
	binary.BigEndian.PutUint32(random[12:], binary.BigEndian.Uint32(random[12:])+uint32(i))
	id := make([]byte, 0, len(transientPrefix)+2*len(random))
	return string(hex.AppendEncode(append(id, transientPrefix...), random[:]))
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(strconv.Itoa(len(part))))
		h.Write([]byte{':'})
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func isTransient(id string) bool {
	return len(id) == len(transientPrefix)+32 && id[:len(transientPrefix)] == transientPrefix
}
