package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

const (
	queueTimeout   = 5 * time.Second
	maxDeadLetters = 100
)

// Queue is where the bridge keeps what the hubs do not take now. The emulator does not know queues, so whoever creates
// the page passes this.
type Queue interface {
	// Status tells how full the queue is, with up to so many dead letters.
	Status(ctx context.Context, letters int) (QueueStatus, error)
	// Replay moves a dead letter back into the queue.
	Replay(ctx context.Context, id string) error
	// Drop deletes a dead letter.
	Drop(ctx context.Context, id string) error
}

// QueueStatus is how full a queue is.
type QueueStatus struct {
	Name    string       `json:"name"`
	Items   int          `json:"items"`           // that wait, those on their way included
	Oldest  time.Time    `json:"oldest,omitzero"` // when the oldest of them was stored
	Dead    int          `json:"dead"`
	Letters []DeadLetter `json:"letters"`
	Now     time.Time    `json:"now"` // by the clock of Oldest
}

// DeadLetter is a message that no retry can deliver.
type DeadLetter struct {
	ID        string          `json:"id"`
	Device    string          `json:"device"`
	MessageID string          `json:"messageId,omitempty"`
	Buried    time.Time       `json:"buried,omitzero"`
	Reason    json.RawMessage `json:"reason,omitempty"` // a problem document
}

func (h *handler) queue(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), queueTimeout)
	defer cancel()
	status, err := h.o.Queue.Status(ctx, maxDeadLetters)
	if err != nil {
		writeError(w, http.StatusBadGateway, err)
		return
	}
	if status.Letters == nil {
		status.Letters = []DeadLetter{}
	}
	writeJSON(w, http.StatusOK, status)
}

// letter answers what is done to a dead letter.
func letter(do func(context.Context, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), queueTimeout)
		defer cancel()
		if err := do(ctx, r.PathValue("id")); err != nil {
			writeError(w, http.StatusConflict, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
