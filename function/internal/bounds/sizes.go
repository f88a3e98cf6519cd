package bounds

import "mayfly/internal/codecworker"

const mib = 1 << 20

// Sizes are the bounds that depend on the memory of the process. Those of memory are
// in bytes.
type Sizes struct {
	Memory int64 // that the container or the function has; 0 where it is not limited
	Heap   int64 // GOMEMLIMIT of the process without its workers; 0: none

	Bodies          int64 // bodies that are coming in
	Unauthenticated int64 // the share of those whose sender has not shown who it is
	Working         int64 // what bodies become, until they are answered

	InFlight     int   // requests past their body; MAX_IN_FLIGHT sets it
	Workers      int   // processes for scripts and expressions
	WorkerMemory int64 // that each of them may take beside its program
}

// What the process has without any request, and what a codec worker takes beside its
// memory: its program, and what the runtime may map beside the heap.
const (
	idleMemory    = 24 * mib
	programMemory = 28 * mib
	outsideHeap   = 20 * mib // of the process: its program's pages, stacks of the system
)

// Derive shares out memory, in bytes; 0 where it is not limited. processors are those
// that the process may use.
//
// A quarter of the heap stays free for the garbage between two collections. The rest is
// for what bodies become and for what is coming in, at two to one.
func Derive(memory int64, processors int) Sizes {
	s := Sizes{
		Memory: memory, Bodies: 128 * mib, Unauthenticated: 16 * mib, Working: 256 * mib, InFlight: 512,
		Workers: min(max(processors, 2), 4), WorkerMemory: codecworker.DefaultMemory,
	}
	if memory <= 0 {
		s.Memory = 0
		return s
	}
	switch {
	case memory <= 192*mib:
		s.Workers, s.WorkerMemory = 1, 32*mib
	case memory <= 384*mib:
		s.Workers, s.WorkerMemory = 1, 48*mib
	case memory <= 768*mib:
		s.Workers = min(s.Workers, 2)
	}
	workers := int64(s.Workers) * (s.WorkerMemory + programMemory)
	s.Heap = max(memory-workers-outsideHeap, idleMemory*4/3)
	room := max(s.Heap*3/4-idleMemory, 8*mib)
	s.Working = min(s.Working, room*2/3)
	s.Bodies = min(s.Bodies, room/3)
	s.Unauthenticated = min(s.Unauthenticated, s.Bodies/2)
	s.InFlight = min(s.InFlight, max(int(memory/(512<<10)), 16))
	return s
}

// WorstCase is what the process and its workers take at most, by these sizes.
func (s *Sizes) WorstCase() int64 {
	heap := s.Heap
	if heap == 0 {
		heap = (idleMemory + s.Bodies + s.Unauthenticated + s.Working) * 4 / 3
	}
	return heap + outsideHeap + int64(s.Workers)*(s.WorkerMemory+programMemory)
}
