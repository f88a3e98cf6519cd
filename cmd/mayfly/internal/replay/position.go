package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const saveInterval = time.Second

// Position is how much of a file is done: all lines before it, whatever the order in which they were done.
type Position struct {
	path string

	mu      sync.Mutex
	done    int64
	started []*span // lines that were started and are not yet before the position, in the order of the file
	saved   time.Time
}

type span struct {
	length int64
	done   bool
}

// ErrPosition means that a file with a position does not fit the file of messages.
var ErrPosition = errors.New("position does not fit the file")

// NewPosition returns the start of a file. The position is kept in path.
func NewPosition(path string) *Position { return &Position{path: path} }

// Load reads the position of a replay that was stopped. It fails with ErrPosition.
func (p *Position) Load(size int64) error {
	text, err := os.ReadFile(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p.done, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || p.done < 0 || p.done > size {
		return fmt.Errorf("%w: %s", ErrPosition, p.path)
	}
	return nil
}

// Done returns the position in bytes.
func (p *Position) Done() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// begin starts a line; the function that it returns marks it as done.
func (p *Position) begin(length int64) (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &span{length: length}
	p.started = append(p.started, s)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.done = true
		for len(p.started) > 0 && p.started[0].done {
			p.done += p.started[0].length
			p.started = p.started[1:]
		}
		if time.Since(p.saved) > saveInterval {
			p.saved = time.Now()
			_ = p.write() // save returns the error if it persists
		}
	}
}

// save writes the position to its file.
func (p *Position) save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.write()
}

func (p *Position) write() error {
	next := p.path + ".new"
	if err := os.WriteFile(next, []byte(strconv.FormatInt(p.done, 10)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(next, p.path)
}

// Remove removes the file with the position.
func (p *Position) Remove() error { return os.Remove(p.path) }
