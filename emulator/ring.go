package emulator

// ring is a queue of at most limit elements. It grows as it fills, so that a small record stays small.
type ring[T any] struct {
	buf   []T
	head  int
	n     int
	limit int
}

// push appends v; when the ring was full, the oldest element makes room and is returned.
func (r *ring[T]) push(v T) (old T, full bool) {
	if r.n == r.limit {
		old = r.shift()
		full = true
	}
	if r.n == len(r.buf) {
		grown := make([]T, min(max(16, 2*len(r.buf)), r.limit))
		for i := range r.n {
			grown[i] = *r.at(i)
		}
		r.buf, r.head = grown, 0
	}
	r.n++
	*r.at(r.n - 1) = v
	return old, full
}

// shift takes the oldest.
func (r *ring[T]) shift() T {
	var zero T
	p := r.at(0)
	v := *p
	*p = zero
	r.head = (r.head + 1) % len(r.buf)
	r.n--
	return v
}

func (r *ring[T]) at(i int) *T { return &r.buf[(r.head+i)%len(r.buf)] }
