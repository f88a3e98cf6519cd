package tables

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/metrics"
	"mayfly/internal/egress"
	"mayfly/internal/secret"
	"mayfly/transform/table"
)

// Options are what a Set is made of.
type Options struct {
	Tables  []config.Table
	Rows    *config.Rows // is given the rows as they are; may be nil
	Secrets *secret.Loader
	// Transport carries the requests for tables at an address; where it is nil, one that reaches public addresses, and
	// others where the table allows it.
	Transport http.RoundTripper
	Log       *slog.Logger
	Now       func() time.Time
	Metrics   *metrics.Set
}

// Set has the tables. It is safe for concurrent use.
type Set struct {
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics.Set
	byName  map[string]*Table
	order   []*Table
}

const (
	// maxPause is how long a request waits for a table that it finds due: a small file is read by then.
	maxPause = 20 * time.Millisecond
	// settleTime is how old a change must be: somebody may still be writing.
	settleTime = 250 * time.Millisecond
	// maxRetry is when a table that cannot be read is looked at again, at the latest.
	maxRetry = 30 * time.Second
	// maxLoad bounds one reading of a file.
	maxLoad = time.Minute
)

// Table is one table.
type Table struct {
	config.Table
	set     *Set
	client  *http.Client
	headers map[string]*secret.Value[string]

	rows    atomic.Pointer[table.Table]
	due     atomic.Int64 // when it is looked at again, in nanoseconds since 1970
	reading atomic.Bool

	// Of the goroutine that reads, one at a time.
	state        config.FileState
	broke        error  // what was wrong with the file of that state
	etag, edited string // of the answer that the rows are of

	mu      sync.Mutex
	loaded  chan struct{} // closed after the first try
	broken  string        // what is wrong with the newest rows, shortly; empty where nothing is
	since   time.Time     // when the rows were read
	problem string        // the same in full, that it is logged once
}

// New makes a set of tables; nil without any. Those at an address are fetched at once, beside the start.
func New(o *Options) *Set {
	if len(o.Tables) == 0 {
		return nil
	}
	s := &Set{log: o.Log, now: o.Now, metrics: o.Metrics, byName: map[string]*Table{}}
	for i := range o.Tables {
		t := &Table{Table: o.Tables[i], set: s, state: o.Tables[i].State, loaded: make(chan struct{}), since: o.Now()}
		t.Rows, t.State = nil, config.FileState{} // the rows are to be free when there are newer ones
		s.byName[t.Name] = t
		s.order = append(s.order, t)
		if t.URL == "" {
			t.rows.Store(o.Tables[i].Rows)
			t.due.Store(o.Now().Add(t.Refresh).UnixNano())
			close(t.loaded)
			continue
		}
		transport := o.Transport
		if transport == nil {
			transport = egress.Transport(egress.Options{Private: t.Allow == "private", MaxConns: 1})
		}
		t.client = &http.Client{Transport: transport, CheckRedirect: t.redirect}
		t.headers = make(map[string]*secret.Value[string], len(t.Secrets))
		for name, ref := range t.Secrets {
			t.headers[name] = secret.NewValue(o.Secrets, ref, headerText)
		}
		t.reading.Store(true)
		go t.read() // ends with its deadline
	}
	if o.Rows != nil {
		o.Rows.Use(s.find)
	}
	s.metrics.Collect(metrics.TableRows, func(to metrics.Setter) {
		for _, t := range s.order {
			to(float64(t.rows.Load().Len()), t.Name)
		}
	})
	s.metrics.Collect(metrics.TableBroken, func(to metrics.Setter) {
		for _, t := range s.order {
			broken, _ := t.status()
			to(map[bool]float64{true: 1}[broken != ""], t.Name)
		}
	})
	return s
}

func headerText(text string) (string, error) {
	if strings.ContainsAny(text, "\r\n\x00") {
		return "", errors.New("a header cannot have a line break")
	}
	return text, nil
}

// Table returns a table by its name; nil where there is none.
func (s *Set) Table(name string) *Table {
	if s == nil {
		return nil
	}
	return s.byName[name]
}

// maxFind bounds how long an expression waits for a table that was never read.
const maxFind = time.Second

// find gives the rows for an expression.
func (s *Set) find(name string) (*table.Table, error) {
	t := s.Table(name)
	if t == nil {
		return nil, ErrNotRead
	}
	ctx, cancel := context.Background(), func() {}
	if t.rows.Load() == nil {
		ctx, cancel = context.WithTimeout(ctx, maxFind)
	}
	defer cancel()
	rows, err := t.Use(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNotRead)
	}
	return rows, nil
}

// ErrNotRead is a table that could not be read yet.
var ErrNotRead = errors.New("the table could not be read yet")

// Use returns the rows as they are now. It has them read again, without waiting longer than [maxPause], where they may
// have changed. The error is [ErrNotRead], or of ctx.
func (t *Table) Use(ctx context.Context) (*table.Table, error) {
	now := t.set.now().UnixNano()
	if now >= t.due.Load() && t.reading.CompareAndSwap(false, true) {
		done := make(chan struct{})
		go func() { // ends with its deadline
			defer close(done)
			t.read()
		}()
		if t.URL == "" {
			pause := time.NewTimer(maxPause)
			defer pause.Stop()
			select {
			case <-done:
			case <-pause.C:
			case <-ctx.Done():
			}
		}
	}
	if rows := t.rows.Load(); rows != nil {
		return rows, nil
	}
	select {
	case <-t.loaded:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if rows := t.rows.Load(); rows != nil {
		return rows, nil
	}
	return nil, ErrNotRead
}

// read reads the table where it has changed. Its caller has set reading.
func (t *Table) read() {
	ctx, cancel := context.WithTimeout(context.Background(), maxLoad)
	defer cancel()
	before := t.rows.Load()
	rows, wait, err := t.change(ctx)
	outcome := "changed"
	switch {
	case err != nil:
		outcome = "failed"
	case rows == nil:
		outcome = "unchanged"
	default:
		err = t.set.fits(t, rows)
		if err == nil {
			t.rows.Store(rows)
		} else {
			outcome = "failed"
		}
	}
	t.told(outcome, rows, before, err)
	t.set.metrics.Add(metrics.TableReads, 1, t.Name, outcome)
	if wait == 0 {
		wait = t.Refresh
		if err != nil {
			wait = min(wait, maxRetry)
		}
	}
	t.due.Store(t.set.now().Add(wait).UnixNano())
	t.reading.Store(false)
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.loaded:
	default:
		close(t.loaded)
	}
}

// change returns the rows where they have changed, and nil where they have not. wait says when to look again, where
// that is not as usual.
func (t *Table) change(ctx context.Context) (rows *table.Table, wait time.Duration, err error) {
	if t.URL != "" {
		return t.fetch(ctx)
	}
	return t.file()
}

// fits refuses rows with which the tables become too large together.
func (s *Set) fits(of *Table, rows *table.Table) error {
	size := rows.Size()
	for _, t := range s.order {
		if t != of {
			size += t.rows.Load().Size()
		}
	}
	return checkTotal(size)
}

func checkTotal(size int) error {
	if size <= config.MaxTableBytes {
		return nil
	}
	return table.Faults{{Kind: table.ErrTooLarge,
		Problem: fmt.Sprintf("the tables take more than %d MiB together", config.MaxTableBytes>>20)}}
}

// told tells the log of a change, and of a table that cannot be read, once.
func (t *Table) told(outcome string, rows, before *table.Table, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		if t.broken = "cannot be read"; isFault(err) {
			t.broken = "is broken"
		}
		if problem := err.Error(); problem != t.problem {
			t.problem = problem
			t.set.log.Warn("table", "table", t.Name, "error", problem, "rowsInUse", before.Len())
		}
		return
	}
	repaired := t.problem != ""
	t.broken, t.problem = "", ""
	if outcome == "changed" {
		t.since = t.set.now()
		t.set.log.Info("table", "table", t.Name, "rows", rows.Len(), "before", before.Len())
	} else if repaired {
		t.set.log.Info("table", "table", t.Name, "rows", before.Len(), "repaired", true)
	}
}

func isFault(err error) bool {
	_, ok := errors.AsType[table.Faults](err)
	return ok
}

// status says what is wrong with the newest rows, and since when those in use are.
func (t *Table) status() (broken string, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken, t.since
}

// Ready tells for /readyz, a line each, which tables are not what they should be; ok is false where one has no rows
// yet. It names tables and nothing of what is in them.
func (s *Set) Ready() (text string, ok bool) {
	if s == nil {
		return "", true
	}
	ok = true
	var b strings.Builder
	for _, t := range s.order {
		broken, since := t.status()
		switch rows := t.rows.Load(); {
		case rows == nil:
			ok = false
			fmt.Fprintf(&b, "table %s: was not read yet\n", t.Name)
		case broken != "":
			fmt.Fprintf(&b, "table %s: %s; rows of %s are in use\n", t.Name, broken, since.UTC().Format(time.RFC3339))
		}
	}
	return b.String(), ok
}
