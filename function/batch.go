package function

import (
	"context"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/durable"
	"mayfly/transform/message"
)

// authorize checks whether the callers may send the messages. A message that they may not
// send refuses the whole request, and nothing is sent; but the collectors that gather for
// many devices, which are told of partial writes, lose that message alone. The error is for
// a request of which nothing is left.
func (s *Service) authorize(d *decoded, caller, signer *policy.Caller) error {
	err := s.auth.Authorize(d.messages, caller, signer)
	if err == nil || d.mapped == nil || d.mapped.Answer.Partial.IsZero() {
		return err
	}
	left := 0
	for i := range d.items {
		it := &d.items[i]
		if it.message < 0 {
			continue
		}
		if it.err = s.auth.Authorize(d.messages[it.message:it.message+1], caller, signer); it.err == nil {
			left++
		}
	}
	if left == 0 {
		return err
	}
	return nil
}

// checkSizes refuses the messages that no hub would take.
func (d *decoded) checkSizes() {
	for i := range d.items {
		if it := &d.items[i]; it.err == nil {
			it.err = delivery.CheckSizes(d.messages[it.message : it.message+1])
		}
	}
}

// unrefused gives the messages that are not refused, each with its item.
func (d *decoded) unrefused() ([]message.Message, []*item) {
	messages, sent := d.messages, make([]*item, 0, len(d.items))
	for i := range d.items {
		if d.items[i].err == nil {
			sent = append(sent, &d.items[i])
		}
	}
	if len(sent) < len(messages) {
		messages = make([]message.Message, len(sent))
		for i, it := range sent {
			messages[i] = d.messages[it.message]
		}
	}
	return messages, sent
}

// deliver sends the messages that are not refused.
func (s *Service) deliver(ctx context.Context, d *decoded) {
	rec := recordOf(ctx)
	messages, sent := d.unrefused()
	request := delivery.Request{
		Source: d.source, Messages: messages, Arrived: rec.arrived, AnswerBy: rec.arrived.Add(d.patience),
	}
	var out durable.Outcome
	if s.durable == nil {
		out.Outcome = s.delivery.Deliver(ctx, &request)
	} else {
		queued := durable.Request{Request: request, Mode: s.config.Mode(d.source)}
		if rec.caller != nil {
			queued.Caller = rec.caller.Name
		}
		out = s.durable.Deliver(ctx, &queued)
	}
	rec.devices, rec.repeated = out.Devices, out.Repeated
	for i, it := range sent {
		it.err, it.queued = out.Results[i], out.Queued != nil && out.Queued[i]
	}
}
