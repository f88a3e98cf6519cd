package function

import "sync"

// hint is the hub that an unknown device is tried at first: the one where every
// device seen so far is, or HUB_HINT. A fleet that is spread over hubs, or that
// is mostly new, switches it off by itself; look-ups that would have been right
// switch it on again.
type hint struct {
	mu    sync.Mutex
	hub   string
	score int // misses that hits have not made good
}

const (
	hintOff    = 10 // at this score the hint is not used
	hintMost   = 20
	hintMiss   = 1 // the device was not there: new, or elsewhere
	hintSpread = 5 // the device is known to be elsewhere
)

func newHint(hub string) *hint { return &hint{hub: hub} }

// try gives the hub to try, if there is one.
func (h *hint) try() (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hub, h.hub != "" && h.score < hintOff
}

// learn tells where a device is assigned.
func (h *hint) learn(hub string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case hub == h.hub:
		h.score = max(h.score-1, 0)
	case h.hub == "":
		h.hub = hub
	case h.score >= hintMost: // the fleet lives elsewhere by now
		h.hub, h.score = hub, hintOff
	default:
		h.score = min(h.score+hintSpread, hintMost)
	}
}

// miss tells that a device was not at the hub.
func (h *hint) miss() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.score = min(h.score+hintMiss, hintMost)
}
