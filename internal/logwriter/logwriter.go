package logwriter

import (
	"io"
	"sync"
	"time"
)

// The defaults of Options.
const (
	defaultPatience  = 100 * time.Millisecond
	defaultMaxBytes  = 1 << 20
	defaultCloseWait = time.Second
)

// Options say how a Writer behaves when nobody reads.
type Options struct {
	// Patience is how long the first Write of a stall waits; 100 ms when zero.
	Patience time.Duration
	// MaxBytes bounds the lines that wait; 1 MiB when zero.
	MaxBytes int
	// Dropped makes the line that reports how many lines were dropped. Without it
	// nothing is written about them.
	Dropped func(lines int) []byte
}

// Writer is an io.Writer whose Write does not block for longer than its patience
// and never fails. It is safe for concurrent use; lines keep their order.
type Writer struct {
	to      io.Writer
	options Options

	mu      sync.Mutex
	queue   []line
	held    int  // bytes in queue
	dropped int  // lines since the last report
	total   int  // lines dropped in all
	stalled bool // a Write has waited in vain, and nothing was written since
	closed  bool

	wake chan struct{} // of length one: there is something in the queue, or closed
	done chan struct{}
}

type line struct {
	text    []byte
	written chan struct{} // nil where nobody waits for it
}

// New makes a Writer to w. Close ends its goroutine.
func New(w io.Writer, o Options) *Writer {
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	writer := &Writer{to: w, options: o, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go writer.run()
	return writer
}

// Write queues one line and waits for it to be written, unless the reader is
// known not to read. It always reports success: a log that fails must not fail
// what it tells of.
func (w *Writer) Write(p []byte) (int, error) {
	written := w.enqueue(p)
	if written == nil {
		return len(p), nil
	}
	timer := time.NewTimer(w.options.Patience)
	defer timer.Stop()
	select {
	case <-written:
	case <-timer.C:
		w.mu.Lock()
		w.stalled = true
		w.mu.Unlock()
	}
	return len(p), nil
}

// Dropped tells how many lines were dropped in all.
func (w *Writer) Dropped() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.total
}

// enqueue takes a line over. The channel, if any, is closed when it is written.
func (w *Writer) enqueue(p []byte) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.held+len(p) > w.options.MaxBytes {
		w.dropped++
		w.total++
		return nil
	}
	l := line{text: append([]byte(nil), p...)}
	if !w.stalled {
		l.written = make(chan struct{})
	}
	w.queue = append(w.queue, l)
	w.held += len(p)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return l.written
}

// run writes line after line until the Writer is closed and its queue empty.
func (w *Writer) run() {
	defer close(w.done)
	for range w.wake {
		for {
			next, ok := w.next()
			if !ok {
				break
			}
			_, err := w.to.Write(next.text)
			w.finish(next, err)
		}
		w.mu.Lock()
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return
		}
	}
}

// next gives the line to be written: the report of dropped lines comes once the
// lines from before them are out.
func (w *Writer) next() (line, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) > 0 {
		return w.queue[0], true
	}
	if w.dropped == 0 || w.closed {
		return line{}, false
	}
	lines := w.dropped
	w.dropped = 0
	if w.options.Dropped == nil {
		return line{}, false
	}
	report := line{text: w.options.Dropped(lines)}
	w.queue = append(w.queue, report)
	w.held += len(report.text)
	return report, true
}

// finish takes a line off the queue whose Write has returned.
func (w *Writer) finish(l line, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue[0] = line{}
	w.queue = w.queue[1:]
	w.held -= len(l.text)
	if err == nil {
		w.stalled = false
	}
	if l.written != nil {
		close(l.written)
	}
}

// Close writes what is queued, for a second at most, and ends the Writer. Later
// lines are dropped. It does not close what the Writer writes to.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	select {
	case w.wake <- struct{}{}:
	default:
	}
	w.mu.Unlock()
	timer := time.NewTimer(defaultCloseWait)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	}
	return nil
}
