package dps

import "sync"

// flights lets all who wait for the same device share one provisioning: the
// first leads, the others follow. Their number is bounded by that of the calls
// under way.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// flight is the provisioning of one device.
type flight struct {
	id         string
	done       chan struct{} // closed by land, after which the fields below stand
	assignment *Assignment
	err        error
	unfinished bool // only the leader's own time ended; another may go on
}

// join returns the flight of a device. Who leads it must let it land.
func (fs *flights) join(id string) (f *flight, leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f, ok := fs.all[id]; ok {
		return f, false
	}
	f = &flight{id: id, done: make(chan struct{})}
	if fs.all == nil {
		fs.all = map[string]*flight{}
	}
	fs.all[id] = f
	return f, true
}

// land ends a flight.
func (fs *flights) land(f *flight) {
	fs.mu.Lock()
	delete(fs.all, f.id)
	fs.mu.Unlock()
	close(f.done)
}
