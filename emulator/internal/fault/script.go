package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"mayfly/emulator/internal/wire"
)

const maxScriptBytes = 1 << 20

// Duration is a time.Duration that is "1.5s" or a number of seconds in JSON.
type Duration time.Duration

// MarshalJSON writes the form "1.5s".
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads both forms.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		v, err := time.ParseDuration(s)
		*d = Duration(v)
		return err
	}
	var n float64
	if err := json.Unmarshal(b, &n); err != nil || math.Abs(n) > maxDuration.Seconds() {
		return fmt.Errorf("want a duration such as \"1.5s\", or seconds: %s", wire.Clip(string(b), 32))
	}
	*d = Duration(n * float64(time.Second))
	return nil
}

// faultJSON is Fault in scripts and on the console.
type faultJSON struct {
	ID             string   `json:"id,omitempty"`
	Endpoint       string   `json:"endpoint,omitempty"`
	Device         string   `json:"device,omitempty"`
	Hub            string   `json:"hub,omitempty"`
	Skip           int      `json:"skip,omitempty"`
	Share          float64  `json:"share,omitempty"`
	Count          int      `json:"count,omitempty"`
	Latency        Duration `json:"latency,omitempty"`
	Hang           bool     `json:"hang,omitempty"`
	Cut            string   `json:"cut,omitempty"`
	Status         int      `json:"status,omitempty"`
	ErrorCode      int      `json:"errorCode,omitempty"`
	ErrorName      string   `json:"errorName,omitempty"`
	Message        string   `json:"message,omitempty"`
	RetryAfter     Duration `json:"retryAfter,omitempty"`
	RetryAfterText string   `json:"retryAfterText,omitempty"`
	ContentType    string   `json:"contentType,omitempty"`
	Truncate       bool     `json:"truncate,omitempty"`
	SlowBody       Duration `json:"slowBody,omitempty"`
	State          string   `json:"state,omitempty"`
	AssigningPolls int      `json:"assigningPolls,omitempty"`
	MoveTo         string   `json:"moveTo,omitempty"`
	RotateKey      bool     `json:"rotateKey,omitempty"`
	Hits           int      `json:"hits,omitempty"`
}

// MarshalJSON writes a fault as Parse reads it.
func (f Fault) MarshalJSON() ([]byte, error) {
	return wire.Marshal(faultJSON{f.ID, f.Endpoint, f.Device, f.Hub, f.Skip, f.Share, f.Count, Duration(f.Latency),
		f.Hang, f.Cut, f.Status, f.ErrorCode, f.ErrorName, f.Message, Duration(f.RetryAfter), f.RetryAfterText,
		f.ContentType, f.Truncate, Duration(f.SlowBody), f.State, f.AssigningPolls, f.MoveTo, f.RotateKey, f.Hits})
}

// UnmarshalJSON reads a fault. An unknown member is an error: a misspelled fault would make a test that tests nothing.
func (f *Fault) UnmarshalJSON(b []byte) error {
	var j faultJSON
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&j); err != nil {
		return err
	}
	*f = Fault{j.ID, j.Endpoint, j.Device, j.Hub, j.Skip, j.Share, j.Count, time.Duration(j.Latency), j.Hang, j.Cut,
		j.Status, j.ErrorCode, j.ErrorName, j.Message, time.Duration(j.RetryAfter), j.RetryAfterText, j.ContentType,
		j.Truncate, time.Duration(j.SlowBody), j.State, j.AssigningPolls, j.MoveTo, j.RotateKey, j.Hits}
	return nil
}

// Parse reads a fault script: a JSON array of faults, or one fault. The error names every fault that is wrong.
func Parse(r io.Reader) ([]Fault, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxScriptBytes+1))
	if err != nil {
		return nil, fmt.Errorf("emulator: fault script: %w", err)
	}
	if len(b) > maxScriptBytes {
		return nil, fmt.Errorf("emulator: fault script: over %d bytes", maxScriptBytes)
	}
	var list []Fault
	if t := bytes.TrimSpace(b); len(t) > 0 && t[0] == '{' {
		b = append(append([]byte{'['}, t...), ']')
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("emulator: fault script: %w", err)
	}
	var errs []error
	for i := range list {
		if err := list[i].Validate(); err != nil {
			errs = append(errs, fmt.Errorf("fault %d of the script: %w", i+1, err))
		}
	}
	return list, errors.Join(errs...)
}
