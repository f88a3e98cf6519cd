package delivery

import "sync"

// hint is the hub that an unknown device is tried at first: the one where every
// device seen so far is, or HUB_HINT. A fleet that is spread over hubs, or that
// is mostly new, switches it off by itself; look-ups that would have been right
// switch it on again.
type hint struct {
	mu    sync.Mutex
	hub   string
	score int // what speaks against the hint
}

const (
	hintOff       = 10 // at this score the hint is not used
	hintMax       = 20
	hintMiss      = 2 // the device was not there: new, or elsewhere
	hintElsewhere = 5 // the device is known to be elsewhere
	hintHit       = 1 // the device was there, or would have been
)

func newHint(hub string) *hint { return &hint{hub: hub} }

// try gives the hub to try, if there is one.
func (h *hint) try() (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hub, h.hub != "" && h.score < hintOff
}

// hit takes note that a device was at the hub.
func (h *hint) hit() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count(-hintHit)
}

// miss takes note that a device was not at the hub.
func (h *hint) miss() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count(hintMiss)
}

// learn takes note of where DPS has assigned a device that the hint was not used
// for. known says that it was assigned before: a new one would have been a miss.
func (h *hint) learn(hub string, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hub == "" {
		h.hub = hub
	}
	switch {
	case hub == h.hub && known:
		h.count(-hintHit)
	case hub == h.hub:
		h.count(hintMiss)
	case h.score >= hintMax: // the fleet lives elsewhere by now
		h.hub, h.score = hub, hintOff
	default:
		h.count(hintElsewhere)
	}
}

func (h *hint) count(n int) { h.score = min(max(h.score+n, 0), hintMax) }
