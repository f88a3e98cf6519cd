package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/fleet"
)

// maxSnapshot bounds a snapshot that is read: some 200,000 devices.
const maxSnapshot = 64 << 20

const snapshotVersion = 1

// Snapshot is the state of an emulator as one document: hubs, devices, faults and how far the clock was moved. It is
// what [Emulator.Restore] puts back. The record, queued messages to devices, uploaded files, enrollments and
// registrations that are under way are not part of it. What people write by hand needs devices' ids at most:
//
//	{"devices": [{"id": "pump-1", "hub": "hub-2.azure-devices.net"}], "clock": {"offset": "1h"}}
type Snapshot struct {
	Version int `json:"version,omitempty"`
	fleet.Snapshot
	Faults []Fault       `json:"faults,omitempty"`
	Clock  ClockSnapshot `json:"clock,omitzero"`
}

// ClockSnapshot says what the emulator's clock shows.
type ClockSnapshot struct {
	Offset fault.Duration `json:"offset,omitempty"` // from the true time
	Set    time.Time      `json:"set,omitzero"`     // instead: this time now, and on from there
}

// Snapshot returns the state of the emulator.
func (e *Emulator) Snapshot() Snapshot {
	return Snapshot{Version: snapshotVersion, Snapshot: e.fleet.Snapshot(e.Now()), Faults: e.Faults(),
		Clock: ClockSnapshot{Offset: fault.Duration(e.clock.Load())}}
}

// Restore puts a state in place of that of the emulator, or changes nothing and returns what is wrong with it, wrapped
// in [ErrConfig]. The record stays.
func (e *Emulator) Restore(s Snapshot) error {
	if s.Version > snapshotVersion {
		return fmt.Errorf("%w: snapshot: version %d is of a newer emulator; this one reads up to %d", ErrConfig,
			s.Version, snapshotVersion)
	}
	if s.Clock.Offset != 0 && !s.Clock.Set.IsZero() {
		return fmt.Errorf("%w: snapshot: clock: offset and set exclude each other", ErrConfig)
	}
	if err := (fault.NewList(0)).Replace(s.Faults); err != nil {
		return fmt.Errorf("%w: snapshot: %w", ErrConfig, err)
	}
	offset := time.Duration(s.Clock.Offset)
	if !s.Clock.Set.IsZero() {
		offset = s.Clock.Set.Sub(e.cfg.Now())
	}
	if err := e.fleet.Restore(s.Snapshot, e.cfg.Now().Add(offset)); err != nil {
		return fmt.Errorf("%w: snapshot: %w", ErrConfig, err)
	}
	e.clock.Store(int64(offset))
	return e.faults.Replace(s.Faults) // it was tried above
}

// ParseSnapshot reads a Snapshot. An unknown member is an error.
func ParseSnapshot(r io.Reader) (Snapshot, error) {
	var s Snapshot
	text, err := io.ReadAll(io.LimitReader(r, maxSnapshot+1))
	switch {
	case err != nil:
		return s, fmt.Errorf("emulator: snapshot: %w", err)
	case len(text) > maxSnapshot:
		return s, fmt.Errorf("emulator: snapshot: over %d bytes", maxSnapshot)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("emulator: snapshot: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("emulator: snapshot: there is text behind the JSON object")
	}
	return s, nil
}

// putSnapshot is PUT /snapshot.
func (e *Emulator) putSnapshot(r *http.Request) (any, error) {
	s, err := ParseSnapshot(r.Body)
	if err == nil {
		err = e.Restore(s)
	}
	if err != nil {
		return nil, badRequest{err}
	}
	return nil, nil
}
