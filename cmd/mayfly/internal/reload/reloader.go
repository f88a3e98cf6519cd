package reload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/function"
)

// Reloader watches a configuration.
type Reloader struct {
	// Path is the configuration file, whether it is there or not.
	Path string
	// Report tells which files the configuration names.
	Report func() *function.ConfigReport
	// Load reads the configuration, as at a start.
	Load func() (*function.Config, error)
	// Take puts a configuration to use. It is called by one goroutine.
	Take func(*function.Config) error
	// Out is for people.
	Out io.Writer
	// Every is how often the files are looked at; half a second where it is zero.
	Every time.Duration

	mu    sync.Mutex
	state State
	used  []string // what is watched of the configuration that is in use
}

// State is what the page shows about the configuration.
type State struct {
	File   string    `json:"file"`             // empty where there is none
	Taken  time.Time `json:"taken,omitzero"`   // when it was read again; zero before that
	Faults []Fault   `json:"faults,omitempty"` // of what is in the files now, and is not in use
	Since  time.Time `json:"since,omitzero"`   // when the faults were found
}

// Fault is one thing that is wrong.
type Fault struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Text   string `json:"text"` // with its place
}

const usualPeriod = 500 * time.Millisecond

// Start watches until ctx is done.
func (r *Reloader) Start(ctx context.Context) {
	watched := r.files() // those that there are when the bridge starts
	r.used = watched
	go r.watch(ctx, watched, look(watched))
}

// watch looks at the files again and again.
func (r *Reloader) watch(ctx context.Context, watched []string, before map[string]string) {
	every := r.Every
	if every == 0 {
		every = usualPeriod
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var pending map[string]string // as the files were when they had changed
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := look(watched)
		switch {
		case pending == nil && maps.Equal(now, before):
			continue
		case pending == nil || !maps.Equal(now, pending): // somebody may be writing still
			pending = now
			continue
		}
		changed := differences(before, now)
		pending = nil
		// A folder may have new files, and the file may name others. What was in use comes back when it is mended,
		// though a broken file does not name it.
		watched = union(r.files(), r.used)
		before = look(watched)
		if len(changed) > 0 && r.reload(changed) {
			watched = r.files()
			before = look(watched)
			r.used = watched
		}
	}
}

// reload reads the configuration, takes it where it is right, and reports whether it did.
func (r *Reloader) reload(changed []string) bool {
	what := r.describe(changed)
	config, err := r.Load()
	if err == nil {
		err = r.Take(config)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Faults = faultsOf(err)
	at := time.Now()
	if err != nil {
		r.state.Since = at
		r.print("%s  %s, and the configuration cannot be used; the one before it stays:\n",
			at.Format(time.TimeOnly), what)
		for _, f := range r.state.Faults {
			r.print("          %s\n", f.Text)
		}
		return false
	}
	r.state.Taken, r.state.Since = at, time.Time{}
	r.print("%s  %s; the configuration was read again and is in use\n", at.Format(time.TimeOnly), what)
	return true
}

// describe says which files have changed, and which are gone, by their paths from the configuration file.
func (r *Reloader) describe(changed []string) string {
	var here, gone []string
	for _, path := range changed {
		name := path
		if from, err := filepath.Rel(filepath.Dir(r.Path), path); err == nil && filepath.IsLocal(from) {
			name = from
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, name)
		} else {
			here = append(here, name)
		}
	}
	clause := func(names []string, one, more string) string {
		if len(names) > 1 {
			one = more
		}
		return strings.Join(names, ", ") + " " + one
	}
	switch {
	case len(gone) == 0:
		return clause(here, "has changed", "have changed")
	case len(here) == 0:
		return clause(gone, "is gone", "are gone")
	}
	return clause(here, "has changed", "have changed") + ", " + clause(gone, "is gone", "are gone")
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *Reloader) print(format string, args ...any) { _, _ = fmt.Fprintf(r.Out, format, args...) }

// faultsOf tells an error with the places that are known.
func faultsOf(err error) (out []Fault) {
	if err == nil {
		return nil
	}
	const maxFaults = 20
	all, ok := errors.AsType[function.FaultsError](err)
	if !ok {
		return []Fault{{Text: err.Error()}}
	}
	for _, f := range all[:min(len(all), maxFaults)] {
		out = append(out, Fault{File: f.File, Line: f.Line, Column: f.Column, Text: f.String()})
	}
	return out
}

// files lists what is watched: the configuration file, the files that it names, and the folders of those.
func (r *Reloader) files() []string {
	report := r.Report()
	r.mu.Lock()
	r.state.File = report.Found
	r.mu.Unlock()
	out := append([]string{r.Path}, report.Missing...)
	if report.Found != "" {
		out = append(out, report.Found)
	}
	own := filepath.Clean(filepath.Dir(r.Path))
	for _, f := range report.Files {
		out = append(out, f.Path)
		if folder := filepath.Clean(filepath.Dir(f.Path)); folder != own {
			out = append(out, folder)
		}
	}
	return union(out, nil)
}

// Found is the configuration file, with the files that it names; empty where there is none.
func (r *Reloader) Found() (path string, files int) {
	report := r.Report()
	return report.Found, len(report.Files)
}

// ServeHTTP answers with the state, as JSON.
func (r *Reloader) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(r.state) // the client may be gone
}
