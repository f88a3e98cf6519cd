package record

// Subscription follows the record live. What it does not receive in time is dropped and counted.
type Subscription struct {
	C chan any // Event and Call

	r       *Record
	dropped int
}

// Subscribe starts a subscription, which lasts until it is closed.
func (r *Record) Subscribe() *Subscription {
	s := &Subscription{C: make(chan any, maxUndelivered), r: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribers[s] = struct{}{}
	return s
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	delete(s.r.subscribers, s)
}

// TakeDropped returns how many entries were dropped since the last time that it was called.
func (s *Subscription) TakeDropped() int {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	n := s.dropped
	s.dropped = 0
	return n
}

func (r *Record) publish(v any) {
	for s := range r.subscribers {
		select {
		case s.C <- v:
		default:
			s.dropped++
		}
	}
}
