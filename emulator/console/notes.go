package console

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	notesKept = 10_000 // as many as the emulator keeps events
	notesSent = 1000   // in one answer
)

// Note is what a bridge knows of a message that a hub has stored: its way there.
type Note struct {
	Seq       uint64  `json:"seq"`
	Device    string  `json:"device"`
	MessageID string  `json:"messageId"`
	Source    string  `json:"source,omitempty"`
	Hub       string  `json:"hub,omitempty"`
	Took      float64 `json:"ms"` // since the request came
}

// Notes keeps the last notes for the page, which finds the event of each by device and message id. The zero value is
// ready; many goroutines may use it.
type Notes struct {
	mu   sync.Mutex
	seq  uint64
	ring []Note
}

// Add tells of a message that was delivered.
func (n *Notes) Add(device, messageID, source, hub string, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seq++
	note := Note{n.seq, device, messageID, source, hub, float64(took.Microseconds()) / 1000}
	if len(n.ring) < notesKept {
		n.ring = append(n.ring, note)
		return
	}
	n.ring[(n.seq-1)%notesKept] = note
}

// after returns the oldest notes that are younger than seq, at most notesSent of them.
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
	for ; seq < n.seq && len(out) < notesSent; seq++ {
		out = append(out, n.ring[seq%notesKept])
	}
	return out
}

func (h *handler) notes(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64) // nonsense is 0: all of them
	writeJSON(w, http.StatusOK, h.o.Notes.after(after))
}
