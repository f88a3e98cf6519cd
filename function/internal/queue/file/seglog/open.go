package seglog

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Stored is an item that a log had when it was opened.
type Stored struct {
	Item *Item
	Key  string
	Put  time.Time
}

// Open opens the log in a folder, which is made where it does not exist. It gives the items that are not done, in
// their order, and what was damaged. A segment of a newer version gives ErrVersion, and nothing is changed then.
func Open(dir string, o Options) (*Log, []Stored, []Repair, error) {
	if o.OpenFile == nil {
		o.OpenFile = openFile
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, nil, err
	}
	l := &Log{dir: dir, o: o, leader: make(chan struct{}, 1), group: newGroup(), seq: 1, number: 1}
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return nil, nil, nil, err
	}
	slices.Sort(names)
	r := &reader{log: l, items: map[uint64]Stored{}}
	for i, name := range names {
		if err := r.segment(name, i == len(names)-1); err != nil {
			for _, s := range l.segments {
				_ = s.file.Close()
			}
			return nil, nil, nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	stored := make([]Stored, 0, len(r.items))
	for _, it := range r.items {
		stored = append(stored, it)
		it.Item.at.items = append(it.Item.at.items, it.Item)
		it.Item.at.live++
		l.live += it.Item.size
	}
	slices.SortFunc(stored, func(a, b Stored) int { return cmp.Compare(a.Item.Seq, b.Item.Seq) })
	if len(r.repairs) > 0 {
		err = SyncDir(dir)
	}
	return l, stored, r.repairs, err
}

func openFile(name string, flag int, mode fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err // and not a nil file in an interface
	}
	return f, nil
}

// reader reads the segments of a log when it is opened.
type reader struct {
	log     *Log
	items   map[uint64]Stored // not done
	repairs []Repair
}

func (r *reader) segment(name string, last bool) error {
	number, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), ".seg"), 16, 64)
	if err != nil {
		return errors.New("its name is not one of a segment")
	}
	r.log.number = max(r.log.number, number+1)
	file, err := r.log.o.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b, err := readAll(file)
	if err != nil {
		_ = file.Close()
		return err
	}
	h, err := decodeHeader(b)
	switch {
	case err != nil:
		_ = file.Close()
		r.repair(name, 0, len(b), "it does not begin as a segment does; set aside as "+filepath.Base(name)+".damaged")
		return os.Rename(name, name+".damaged")
	case h.version > Version:
		_ = file.Close()
		return fmt.Errorf("%w: format %d, and this one reads up to %d", ErrVersion, h.version, Version)
	}
	s := &segment{path: name, file: file, salt: h.salt, size: int64(len(b)), sealed: !last}
	r.log.seq = max(r.log.seq, h.first)
	r.log.segments = append(r.log.segments, s)
	if err := r.records(s, b, last); err != nil {
		return err
	}
	s.synced = s.size
	r.log.bytes += s.size
	return nil
}

// records reads the records of a segment. What is behind the last valid one is cut off in the last segment: that is
// where the process wrote when it ended.
func (r *reader) records(s *segment, b []byte, last bool) error {
	at := headerSize
	for at < len(b) {
		f, ok := decodeFrame(b[at:], s.salt)
		if ok {
			if err := r.record(s, f, at); err != nil {
				return err
			}
			at += frameSize + len(f.payload)
			continue
		}
		skip := nextFrame(b[at+1:], s.salt) + 1
		if skip > 0 {
			r.repair(s.path, at, skip, "no valid record; left out")
			at += skip
			continue
		}
		if !last {
			r.repair(s.path, at, len(b)-at, "no valid record; left out")
			return nil
		}
		r.repair(s.path, at, len(b)-at, "the rest of a write that was not finished; cut off")
		s.size = int64(at)
		if err := s.file.Truncate(s.size); err != nil {
			return err
		}
		break
	}
	if last { // what is read from here on may be only in the memory of the system
		return s.file.Sync()
	}
	return nil
}

func (r *reader) record(s *segment, f frame, at int) error {
	switch f.kind {
	case kindPut:
		seq, record, ok := decodePut(f.payload)
		if !ok {
			return fmt.Errorf("the record at %d is valid and cannot be read", at)
		}
		r.log.seq = max(r.log.seq, seq+1)
		r.items[seq] = Stored{
			Item: &Item{Seq: seq, at: s, off: int64(at), size: int64(frameSize + len(f.payload))},
			Key:  record.Key, Put: record.Put,
		}
	case kindDone:
		for p := f.payload; len(p) >= 8; p = p[8:] {
			seq := binary.LittleEndian.Uint64(p)
			r.log.seq = max(r.log.seq, seq+1)
			delete(r.items, seq)
		}
	default:
		return fmt.Errorf("%w: a record of kind %d at %d", ErrVersion, f.kind, at)
	}
	return nil
}

func (r *reader) repair(name string, at, n int, what string) {
	r.repairs = append(r.repairs, Repair{File: name, Offset: int64(at), Bytes: int64(n), What: what})
}

func readAll(file File) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size())
	n, err := file.ReadAt(b, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], err
}

func newSalt() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// SyncDir lets the disk have the names of a folder. Windows has no such call, and needs none.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
