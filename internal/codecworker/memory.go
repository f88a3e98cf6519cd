package codecworker

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// DefaultMemory is what a worker may take beside its program, which has some
	// 10 MiB. With the parent's 40 MiB it fits a function of 128 MiB; the largest
	// formatters of the LoRaWAN device repository take half of it.
	DefaultMemory = 64 << 20

	// slack is what the runtime may map beside the heap, and what little programs may
	// take besides: it is not for scripts.
	slack = 16<<20 + threadStacks

	// maxStack bounds the Go stack: deep recursion in the engine, not in scripts,
	// which have a bound on their calls.
	maxStack = 16 << 20

	// memoryStep is how often a worker looks at its memory.
	memoryStep = 5 * time.Millisecond
)

// limitMemory bounds what this process may take, beside what it has: memory, as the
// heap's, and slack for the runtime. The collector works harder as the limit comes
// near. Past it, the kernel refuses memory where it can, and the runtime ends the
// process; elsewhere the watch does.
func limitMemory(memory int64) memoryWatch {
	// What the heap may take is mapped now, though not touched, so that the kernel
	// can be told to give no more.
	room := make([]byte, memory)
	runtime.KeepAlive(room)
	debug.FreeOSMemory()
	base := residentBytes()
	debug.SetMemoryLimit(int64(base) + memory*3/4)
	limitKernel()
	return memoryWatch{base: base, memory: uint64(memory), exit: os.Exit}
}

// residentBytes is what the runtime has of the system, less what it gave back.
// Unlike runtime.ReadMemStats it leaves the caches of the allocator alone.
func residentBytes() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// memoryWatch ends the process when it has taken too much. It works on every
// system, but sees only every memoryStep what one step of a script has taken. Its
// timer runs on between messages that follow each other closely.
type memoryWatch struct {
	base   uint64 // what the process had at its start
	memory uint64 // what it may take beside that

	mu      sync.Mutex
	timer   *time.Timer
	running bool
	on      bool
	exit    func(code int)
}

func (w *memoryWatch) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = true
	switch {
	case w.running:
		return
	case w.timer == nil:
		w.timer = time.AfterFunc(memoryStep, w.look)
	default:
		w.timer.Reset(memoryStep)
	}
	w.running = true
}

func (w *memoryWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on {
		w.running = false
		return
	}
	if residentBytes() > w.base+w.memory {
		w.exit(exitMemory)
	}
	w.timer.Reset(memoryStep)
}

func (w *memoryWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = false
}

// tidy collects what a large message has left behind, so that the next one has the
// whole memory again. It tells whether it has.
func (w *memoryWatch) tidy() bool {
	if residentBytes() <= w.base+w.memory/4 {
		return true
	}
	debug.FreeOSMemory()
	return residentBytes() <= w.base+w.memory/2
}
