package transform

import (
	"context"

	"mayfly/transform/media"
	"mayfly/transform/message"
)

// Detect finds the source of a request by what it looks like; nil when none fits.
// A user's own sources are asked first. Only those whose hints are in the request
// are compiled.
func (t *Transformer) Detect(ctx context.Context, r *message.Request) (*Source, error) {
	mark := r.Meter().Mark()
	defer r.Meter().Back(mark) // the source reads the body again
	r = media.Readable(r)
	var seen detection
	for _, name := range t.index().Candidates(r) {
		source, err := t.Source(name)
		if err != nil {
			return nil, err
		}
		if fits, err := seen.fits(ctx, source, r); err != nil {
			return nil, err
		} else if fits {
			return source, nil
		}
	}
	return nil, seen.err
}

// detection keeps what the body was read to while sources are asked.
type detection struct {
	body any
	read bool
	err  error
}

// fits asks a source whether a request is one of its sender's. A source that
// fails on the request does not fit.
func (d *detection) fits(ctx context.Context, s *Source, r *message.Request) (bool, error) {
	if s.of.detect == nil {
		return false, nil
	}
	body := d.body
	switch {
	case s.Format != "": // it reads bodies in its own way
		mark := r.Meter().Mark()
		defer r.Meter().Back(mark)
		own, err := s.decode(r, nil)
		if message.Is(err, message.Busy) {
			return false, err
		} else if err != nil {
			return false, nil // a body that it cannot read is not its sender's
		}
		body = own
	case !d.read:
		d.read = true
		if d.body, d.err = s.decode(r, nil); d.err != nil {
			return false, nil //nolint:nilerror // another source may read it; else Detect tells
		}
		body = d.body
	case d.err != nil:
		return false, nil
	}
	j := newJob(ctx, r)
	defer j.Done()
	fits, err := j.Truth(s.of.detect, body)
	return fits && err == nil, nil
}

// Detects tells whether a request is one of this source's sender's.
func (s *Source) Detects(ctx context.Context, r *message.Request) bool {
	var d detection
	fits, _ := d.fits(ctx, s, r)
	return fits
}
