package console

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	maxNotes       = 10_000 // as many as the emulator keeps events
	maxNotesPerGet = 1000
)

// Note is what a bridge knows about a message that a hub has stored.
type Note struct {
	Seq       uint64  `json:"seq"`
	Device    string  `json:"device"`
	MessageID string  `json:"messageId"`
	Source    string  `json:"source,omitempty"`
	Hub       string  `json:"hub,omitempty"`
	Took      float64 `json:"ms"` // since the request arrived
}

// Notes keeps the last notes for the page, which finds the event of each by device and message id. The zero value is
// ready to use; it may be used by several goroutines.
type Notes struct {
	mu   sync.Mutex
	seq  uint64
	ring []Note
}

// Add adds a note on a message that was delivered.
func (n *Notes) Add(device, messageID, source, hub string, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seq++
	note := Note{n.seq, device, messageID, source, hub, float64(took.Microseconds()) / 1000}
	if len(n.ring) < maxNotes {
		n.ring = append(n.ring, note)
		return
	}
	n.ring[(n.seq-1)%maxNotes] = note
}

// after returns the oldest notes after seq, at most maxNotesPerGet of them.
func (n *Notes) after(seq uint64) []Note {
	out := []Note{}
	if n == nil {
		return out
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if oldest := n.seq - uint64(len(n.ring)); seq < oldest {
		seq = oldest
	}
	for ; seq < n.seq && len(out) < maxNotesPerGet; seq++ {
		out = append(out, n.ring[seq%maxNotes])
	}
	return out
}

func (h *handler) notes(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64) // 0 when it is not a number: all notes
	writeJSON(w, http.StatusOK, h.o.Notes.after(after))
}
