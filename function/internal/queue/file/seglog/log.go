package seglog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Record is an item as it is stored.
type Record struct {
	Key  string // at most MaxName bytes, as ID
	ID   string
	Put  time.Time
	Data []byte
}

// Item is where a record is. The log owns its fields.
type Item struct {
	Seq uint64 // grows from item to item

	at   *segment
	off  int64
	size int64
	done bool
}

// Errors beside those of the disk.
var (
	ErrFull    = errors.New("no room left")
	ErrClosed  = errors.New("the log is closed")
	ErrMissing = errors.New("the folder was deleted or replaced while it was in use; start again")
	ErrVersion = errors.New("it was written by a newer version")
	ErrDamaged = errDamaged
)

// File is what the log needs of an *os.File.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// Options are bounds, and the disk.
type Options struct {
	MaxBytes     int64 // of all segments together; when more is asked for, Append gives ErrFull
	SegmentBytes int64 // a segment that has so many is followed by another one

	// OpenFile replaces os.OpenFile in tests.
	OpenFile func(name string, flag int, mode fs.FileMode) (File, error)
}

// Log is a log in a folder. Its methods may be called at the same time.
type Log struct {
	dir    string
	o      Options
	leader chan struct{} // holds a token while somebody syncs

	mu       sync.Mutex
	segments []*segment // the oldest first; the last one is written
	group    *group     // who waits for the next sync
	seq      uint64     // of the next item
	number   uint64     // of the next segment
	bytes    int64      // of all segments
	live     int64      // of records of items that are not done
	reserved int64      // that others take of MaxBytes
	owed     []uint64   // done items whose record is not written, or not synced
	written  int        // how many of owed are written to the last segment
	broken   error      // the folder is lost, or the log is closed
}

type segment struct {
	path   string
	file   File
	salt   uint64
	size   int64
	synced int64
	items  []*Item // those that stand here, done ones included
	live   int     // how many are not done
	sealed bool    // takes no more writes
}

// group is who waits for one sync.
type group struct {
	done   chan struct{}
	err    error         // once done is closed
	stored []func(error) // called in the order of the log
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// Repair is a place where a log was damaged, and what became of it.
type Repair struct {
	File   string
	Offset int64
	Bytes  int64
	What   string
}

func (r Repair) String() string {
	return fmt.Sprintf("%s: %d bytes from %d: %s", filepath.Base(r.File), r.Bytes, r.Offset, r.What)
}

// begin starts another segment, behind what is there. The caller holds mu.
func (l *Log) begin() error {
	s := &segment{path: filepath.Join(l.dir, fmt.Sprintf("%016x.seg", l.number)), salt: newSalt(), size: headerSize}
	l.number++ // whatever becomes of it: a name is used once
	file, err := l.o.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return l.lost(err)
	}
	s.file = file
	_, err = file.WriteAt(header{version: Version, salt: s.salt, first: l.seq}.encode(), 0)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = SyncDir(l.dir)
	}
	if err != nil {
		_ = file.Close()
		_ = os.Remove(s.path)
		return err
	}
	s.synced = s.size
	l.segments = append(l.segments, s)
	l.bytes += s.size
	l.written = 0
	return nil
}

// lost makes an error of a folder that is not there any more the log's last one.
func (l *Log) lost(err error) error {
	if _, statErr := os.Stat(l.dir); errors.Is(statErr, fs.ErrNotExist) && l.broken == nil {
		l.broken = ErrMissing
	}
	if l.broken != nil {
		return l.broken
	}
	return err
}

// current is the segment to write to; one is begun where there is none. The caller holds mu.
func (l *Log) current() (*segment, error) {
	if l.broken != nil {
		return nil, l.broken
	}
	if last := l.last(); last == nil || last.sealed {
		if err := l.begin(); err != nil {
			return nil, err
		}
	}
	return l.last(), nil
}

func (l *Log) last() *segment {
	if len(l.segments) == 0 {
		return nil
	}
	return l.segments[len(l.segments)-1]
}

// roll begins another segment once all of the last one is synced. The caller holds mu and is the leader: nobody else
// syncs, so the order of those who wait is kept.
func (l *Log) roll() error {
	if last := l.last(); last.synced < last.size && !last.sealed {
		g := l.group
		l.group = newGroup()
		l.settle(last, last.size, l.written, g, syncFile(last))
		if g.err != nil {
			return g.err
		}
	}
	l.last().sealed = true
	return l.begin()
}

// write appends bytes to the segment. What fails leaves nothing behind that is taken for a record later, if the disk
// allows it.
func (s *segment) write(b []byte) error {
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		_ = s.file.Truncate(s.size)
		return err
	}
	s.size += int64(len(b))
	return nil
}

// Read reads the record of an item that is not done.
func (l *Log) Read(it *Item) (Record, error) {
	for {
		l.mu.Lock()
		s, off, size := it.at, it.off, it.size
		l.mu.Unlock()
		b := make([]byte, size)
		if _, err := s.file.ReadAt(b, off); err != nil {
			if errors.Is(err, os.ErrClosed) && l.moved(it, s) {
				continue
			}
			if errors.Is(err, io.EOF) {
				err = ErrDamaged
			}
			return Record{}, err
		}
		f, ok := decodeFrame(b, s.salt)
		if !ok {
			return Record{Data: b}, ErrDamaged
		}
		_, r, _ := decodePut(f.payload)
		return r, nil
	}
}

func (l *Log) moved(it *Item, from *segment) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return it.at != from
}

// Reserve says how many bytes others take of Options.MaxBytes.
func (l *Log) Reserve(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved = n
}

// Bytes tells what all segments take on the disk.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

// Close writes and syncs what is owed, and closes the files.
func (l *Log) Close() error {
	err := l.Flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.broken, ErrClosed) {
		return nil
	}
	l.broken = ErrClosed
	for _, s := range l.segments {
		if closeErr := s.file.Close(); !errors.Is(closeErr, os.ErrClosed) { // one that could not be deleted is closed
			err = errors.Join(err, closeErr)
		}
	}
	return err
}
