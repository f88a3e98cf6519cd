package function

import (
	"context"

	"mayfly/transform/message"
)

// fit applies the device templates. A message that has to fit and does not is refused, alone; telemetry of components
// becomes messages of its own, after that of the device.
func (s *Service) fit(ctx context.Context, d *decoded) {
	if s.fitter == nil {
		return
	}
	messages := make([]message.Message, 0, len(d.messages))
	items := make([]item, 0, len(d.items))
	rec := recordOf(ctx)
	for _, it := range d.items {
		if it.message < 0 {
			items = append(items, it)
			continue
		}
		m := d.messages[it.message]
		it.message = len(messages)
		if it.err != nil {
			messages, items = append(messages, m), append(items, it)
			continue
		}
		fitted, notes, err := s.fitter.Fit(m, d.sourceName())
		s.note(ctx, rec, notes)
		if it.err = err; err != nil {
			fitted = []message.Message{m}
		}
		for i := range fitted {
			it.message = len(messages)
			messages, items = append(messages, fitted[i]), append(items, it)
			it.joined = 0 // in the first one
		}
	}
	d.messages, d.items = messages, items
	rec.messages = messages
}
