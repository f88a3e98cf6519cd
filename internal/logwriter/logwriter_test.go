package logwriter_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/internal/logwriter"
)

// gate is a reader that can stop reading and go away.
type gate struct {
	mu     sync.Mutex
	open   chan struct{} // closed while lines pass
	broken bool
	text   strings.Builder
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	<-open
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken {
		return 0, errors.New("broken pipe")
	}
	return g.text.Write(p)
}

func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

func TestLinesAreWrittenBeforeWriteReturns(t *testing.T) {
	t.Parallel()
	to := newGate()
	w := logwriter.New(to, logwriter.Options{})
	for n := range 100 {
		fmt.Fprintf(w, "%d\n", n)
		if !strings.HasSuffix(to.String(), fmt.Sprintf("%d\n", n)) {
			t.Fatalf("line %d is not written when Write returns", n)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// A reader that stops costs one wait; then lines are kept up to the bound, and the
// rest is counted.
func TestReaderThatStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := newGate()
		w := logwriter.New(to, logwriter.Options{
			Patience: 100 * time.Millisecond, MaxBytes: 10,
			Dropped: func(lines int) []byte { return fmt.Appendf(nil, "dropped %d\n", lines) },
		})
		_, _ = io.WriteString(w, "a\n")
		to.stop()
		began := time.Now()
		for range 1000 {
			if n, err := io.WriteString(w, "bb\n"); n != 3 || err != nil {
				t.Fatalf("Write gives %d, %v", n, err)
			}
		}
		if waited := time.Since(began); waited != 100*time.Millisecond {
			t.Errorf("1000 lines wait %v together, want the patience of one", waited)
		}
		close(to.open)
		synctest.Wait()
		if n := w.Dropped(); n != 997 {
			t.Errorf("%d lines dropped, want 997", n)
		}
		if got, want := to.String(), "a\nbb\nbb\nbb\ndropped 997\n"; got != want {
			t.Errorf("written: %q, want %q", got, want)
		}
		_, _ = io.WriteString(w, "c\n")
		if !strings.HasSuffix(to.String(), "997\nc\n") {
			t.Errorf("after the stall lines are not written at once: %q", to.String())
		}
		_ = w.Close()
	})
}

func TestReaderThatGoesAway(t *testing.T) {
	t.Parallel()
	to := newGate()
	w := logwriter.New(to, logwriter.Options{})
	to.broken = true
	for range 100 {
		if _, err := io.WriteString(w, "a\n"); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	if n, err := io.WriteString(w, "late\n"); n != 5 || err != nil {
		t.Errorf("a line after Close: %d, %v", n, err)
	}
}

func TestCloseDoesNotWaitForADeadReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := newGate()
		to.stop()
		w := logwriter.New(to, logwriter.Options{})
		_, _ = io.WriteString(w, "a\n")
		began := time.Now()
		_ = w.Close()
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("Close waits %v", waited)
		}
		close(to.open) // lets the goroutine end
	})
}

func BenchmarkWrite(b *testing.B) {
	w := logwriter.New(io.Discard, logwriter.Options{})
	defer w.Close()
	text := []byte(strings.Repeat("x", 200) + "\n")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = w.Write(text)
		}
	})
}
