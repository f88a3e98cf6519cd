package codecworker

import (
	"context"
	"fmt"

	"mayfly/transform/codec"
)

// Decodes implements [codec.Script].
func (s *script) Decodes() bool { return s.can.Decode }

// Encodes implements [codec.Script].
func (s *script) Encodes() bool { return s.can.Encode }

// Encode implements [codec.Encoder].
func (s *script) Encode(ctx context.Context, in codec.Downlink) (out codec.Encoded, err error) {
	if len(in.Data) > codec.MaxPayload {
		return out, failure(codec.Result, "the data are larger than %d bytes", codec.MaxPayload)
	}
	err = s.onWorker(ctx, func(worker *process) (err error) {
		out, err = worker.encode(ctx, s, &in)
		return err
	})
	return out, err
}

// encode runs a script that the worker holds on a downlink.
func (p *process) encode(ctx context.Context, s *script, in *codec.Downlink) (codec.Encoded, error) {
	r := &request{Op: opEncode, Script: p.scripts.use(s.hash), Downlink: &downlink{
		Data: in.Data, Port: in.Port, Clock: toMillis(in.Clock), Variables: in.Variables,
	}}
	answer, err := p.exchange(ctx, r, p.limits.message)
	if err == nil {
		err = answer.err()
	}
	if err != nil || answer.Encoded == nil {
		return codec.Encoded{}, err
	}
	out := answer.Encoded
	return codec.Encoded{Bytes: out.Bytes, Port: out.Port, Warnings: out.Warnings, Errors: out.Errors}, nil
}

// encode answers opEncode.
func (w *worker) encode(r *request) *answer {
	script := w.scripts[r.Script]
	if script == nil || r.Downlink == nil {
		return failed(codec.Unavailable, fmt.Errorf("script %d is not loaded", r.Script))
	}
	in := r.Downlink
	out, err := script.Encode(context.Background(), codec.Downlink{
		Data: in.Data, Port: in.Port, Clock: fromMillis(in.Clock), Variables: in.Variables,
	})
	if err != nil {
		return failed(codec.Threw, err)
	}
	return &answer{Encoded: &encoded{
		Bytes: out.Bytes, Port: out.Port, Warnings: out.Warnings, Errors: out.Errors,
	}}
}
