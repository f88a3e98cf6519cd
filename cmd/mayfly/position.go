package main

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

// position is how far a file is done: every line before it, whatever the order
// in which they ended.
type position struct {
	path string

	mu    sync.Mutex
	done  int64
	under []*span // lines under way or ended, in the file's order
	saved time.Time
}

type span struct {
	length int64
	ended  bool
}

// load reads the position of a run that was stopped.
func (p *position) load(size int64) error {
	text, err := os.ReadFile(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p.done, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || p.done < 0 || p.done > size {
		return hint(fmt.Sprintf("%s does not fit the file", p.path), "--from-start, or remove it")
	}
	return nil
}

// begin notes a line that is under way; the function it gives notes its end.
func (p *position) begin(length int64) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &span{length: length}
	p.under = append(p.under, s)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.ended = true
		for len(p.under) > 0 && p.under[0].ended {
			p.done += p.under[0].length
			p.under = p.under[1:]
		}
		if time.Since(p.saved) > time.Second {
			p.saved = time.Now()
			_ = p.write() // the next one, or the last, tells of a disk that is full
		}
	}
}

// save writes the position down.
func (p *position) save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.write()
}

func (p *position) write() error {
	next := p.path + ".new"
	if err := os.WriteFile(next, []byte(strconv.FormatInt(p.done, 10)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(next, p.path)
}

func (p *position) remove() error { return os.Remove(p.path) }
