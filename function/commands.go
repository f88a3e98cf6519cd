package function

import (
	"context"
	"net/http"

	"mayfly/function/internal/commands"
	"mayfly/function/internal/downlink"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/platform"
	"mayfly/transform"
	down "mayfly/transform/downlink"
	"mayfly/transform/message"
)

// newCollector makes what gets the messages that wait for devices.
func (s *Service) newCollector() *commands.Collector {
	return &commands.Collector{
		Dispatcher: downlink.New(downlink.Options{
			Log: s.log, Now: s.now, MaxWaiting: max(s.sizes.InFlight/4, 1),
			Count: func(source string, step downlink.Step) { s.metrics.Add(metrics.Commands, 1, source, string(step)) },
		}),
		Mailbox: func(ctx context.Context, m *message.Message) (downlink.Mailbox, bool) {
			return s.delivery.Mailbox(ctx, m)
		},
		Pushes: commands.NewPushes(s.pushes, s.config.Host == platform.Lambda),
		Log:    s.log, Now: s.now,
	}
}

// collectCommands locks what waits for the device of a request, where the request wants it.
func (s *Service) collectCommands(r *http.Request, d *decoded) {
	if !commands.Wanted(r, d.mapped, d.messages) {
		return
	}
	rec, part := recordOf(r.Context()), 0
	if len(d.items) > 0 {
		part = d.items[0].part
	}
	rec.commands = s.commands.Collect(r.Context(), &commands.Request{
		HTTP: r, Client: rec.client, Source: d.source, Mapped: d.mapped, Request: d.request,
		Messages: d.messages, Part: part,
		AnswerBy: rec.arrived.Add(d.patience), Allowed: rec.caller.MayReceive(),
	})
}

// chooseResult reads the result of a command. It is telemetry, with the command's id as its correlation id.
func (s *Service) chooseResult(r *http.Request, request *message.Request) (reading, error) {
	how := reading{source: "device", request: request}
	how.native = func(request *message.Request) (out transform.Outcome, err error) {
		m, err := down.ReadResult(request, r.PathValue("deviceId"), r.PathValue("commandId"))
		if err == nil {
			out.Messages, out.Parts = []message.Message{m}, []int{0}
		}
		return out, err
	}
	return how, nil
}
