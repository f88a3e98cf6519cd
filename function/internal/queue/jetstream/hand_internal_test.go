package jetstream

import "testing"

// TestGapWhileChecking: an answer of the server that is older than a gap in the deliveries does not tell that nothing
// is missing.
func TestGapWhileChecking(t *testing.T) {
	t.Parallel()
	h := hand{held: true}
	h.add(&entry{seq: 1, dseq: 1, pin: "p"})
	before, holds := h.steady(), h.holds
	// The server answers now: one was delivered, and one is pending.
	h.add(&entry{seq: 3, dseq: 3, pin: "p"}) // the second delivery was lost
	if h.complete(before, holds, 1, 1) {
		t.Error("the hand gives items before the one that is missing")
	}
	h.add(&entry{seq: 2, dseq: 4, pin: "p"}) // it comes again
	before, holds = h.steady(), h.holds
	if !h.complete(before, holds, 4, 3) {
		t.Error("the hand is held, and nothing is missing")
	}
}
