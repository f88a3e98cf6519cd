package function

import (
	"log/slog"
	"net/http"
	"slices"

	"mayfly/function/internal/logged"
	"mayfly/transform/message"
)

// logLevel tells how much a problem concerns the operator: an upstream that is
// busy heals by itself.
func (p *Problem) logLevel() slog.Level {
	if p.Status >= 500 && p.Status != http.StatusServiceUnavailable {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// attrs is the problem as the log has it: what the sender is told, without values of the
// body.
func (p *Problem) attrs(secrets []string) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("code", string(p.Code)), slog.String("detail", p.Detail),
	}
	if p.cause != nil {
		attrs = append(attrs, slog.String("cause", logged.Hide(p.cause.Error(), secrets)))
	}
	if len(p.Errors) > 0 {
		attrs = append(attrs, slog.Any("errors", logged.Errors(p.Errors, secrets)))
	}
	if n := len(p.Errors) - logged.Max; n > 0 {
		attrs = append(attrs, slog.Int("moreErrors", n))
	}
	if failed := logged.Results(p.Results); len(failed) > 0 {
		attrs = append(attrs, slog.Any("failed", failed))
	}
	if p.Upstream != nil {
		attrs = append(
			attrs,
			slog.String("upstream", p.Upstream.Service),
			slog.Int("upstreamStatus", p.Upstream.Status),
			slog.String("upstreamError", p.Upstream.ErrorCode),
			slog.String("upstreamMessage", logged.Text(p.Upstream.Message)),
			slog.String("trackingId", p.Upstream.TrackingID),
		)
	}
	return attrs
}

// about names the device of a request that failed, or the first ones of several.
func (rec *requestRecord) about(r *http.Request) []slog.Attr {
	switch ids := rec.deviceIDs(r); len(ids) {
	case 0:
		return nil
	case 1:
		return []slog.Attr{slog.String("device", ids[0])}
	default:
		return []slog.Attr{slog.Any("deviceIds", ids)}
	}
}

// deviceIDs gives the devices that a problem is about: those that failed, those whose
// messages are wrong, or all.
func (rec *requestRecord) deviceIDs(r *http.Request) []string {
	var ids []string
	add := func(id string) {
		if id = logged.Hide(id, rec.secrets); id != "" && len(ids) < logged.Max && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for i := range rec.problem.Results {
		if rec.problem.Results[i].Code != "" {
			add(rec.problem.Results[i].DeviceID)
		}
	}
	for i := range rec.problem.Errors {
		add(rec.problem.Errors[i].DeviceID)
	}
	if len(ids) > 0 {
		return ids
	}
	for i := range rec.messages {
		add(rec.messages[i].DeviceID)
	}
	if id := r.PathValue("deviceId"); len(ids) == 0 && message.ValidDeviceID(id) {
		add(id)
	}
	return ids
}
