package ring

// Ring is a queue of at most limit elements. It grows as it fills, so a small record stays small.
type Ring[T any] struct {
	buf   []T
	head  int
	n     int
	limit int
}

// New returns an empty ring of at most limit elements.
func New[T any](limit int) Ring[T] { return Ring[T]{limit: limit} }

// Len returns how many elements there are.
func (r *Ring[T]) Len() int { return r.n }

// Limit returns how many elements there can be.
func (r *Ring[T]) Limit() int { return r.limit }

// Push appends v. When the ring was full, it drops and returns the oldest element.
func (r *Ring[T]) Push(v T) (oldest T, dropped bool) {
	if r.n == r.limit {
		oldest = r.Shift()
		dropped = true
	}
	if r.n == len(r.buf) {
		grown := make([]T, min(max(16, 2*len(r.buf)), r.limit))
		for i := range r.n {
			grown[i] = *r.At(i)
		}
		r.buf, r.head = grown, 0
	}
	r.n++
	*r.At(r.n - 1) = v
	return oldest, dropped
}

// Shift removes and returns the oldest element.
func (r *Ring[T]) Shift() T {
	var zero T
	p := r.At(0)
	v := *p
	*p = zero
	r.head = (r.head + 1) % len(r.buf)
	r.n--
	return v
}

// At returns the element that is i places after the oldest.
func (r *Ring[T]) At(i int) *T { return &r.buf[(r.head+i)%len(r.buf)] }
