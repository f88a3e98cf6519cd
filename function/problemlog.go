package function

import (
	"log/slog"
	"net/http"
	"slices"

	"mayfly/function/internal/problem"
	"mayfly/function/internal/sanitize"
	"mayfly/transform/message"
)

// What of a problem goes into one log record: of each list the first ones, and of each
// foreign text its beginning.
const (
	maxLogged      = 5
	maxLoggedRunes = 200
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
		slog.Int("status", p.Status), slog.String("code", string(p.Code)), slog.String("detail", p.Detail),
	}
	if p.cause != nil {
		attrs = append(attrs, slog.String("cause", hidden(p.cause.Error(), secrets)))
	}
	if len(p.Errors) > 0 {
		attrs = append(attrs, slog.Any("errors", loggedErrors(p.Errors, secrets)))
	}
	if n := len(p.Errors) - maxLogged; n > 0 {
		attrs = append(attrs, slog.Int("moreErrors", n))
	}
	if failed := loggedResults(p.Results); len(failed) > 0 {
		attrs = append(attrs, slog.Any("failed", failed))
	}
	if p.Upstream != nil {
		attrs = append(
			attrs,
			slog.String("upstream", p.Upstream.Service),
			slog.Int("upstreamStatus", p.Upstream.Status),
			slog.String("upstreamError", p.Upstream.ErrorCode),
			slog.String("upstreamMessage", sanitize.Line(p.Upstream.Message, maxLoggedRunes)),
			slog.String("trackingId", p.Upstream.TrackingID),
		)
	}
	return attrs
}

// loggedError is one of errors[] as the log has it.
type loggedError struct {
	Device string `json:"device,omitempty"`
	Path   string `json:"path"`
	Rule   string `json:"rule"`
	Hint   string `json:"hint"`
}

// String is for LOG_FORMAT=text.
func (e loggedError) String() string { return e.Path + " " + e.Hint }

func loggedErrors(fields []message.FieldError, secrets []string) []loggedError {
	list := make([]loggedError, 0, maxLogged)
	text := func(s string) string { return sanitize.Line(hidden(s, secrets), maxLoggedRunes) }
	for i := range fields[:min(len(fields), maxLogged)] {
		f := &fields[i]
		list = append(list, loggedError{f.DeviceID, text(f.Path), f.Rule, text(f.Logged())})
	}
	return list
}

// loggedResult is one of results[] that failed, as the log has it.
type loggedResult struct {
	Device string       `json:"device,omitempty"`
	Line   int          `json:"line,omitempty"`
	Code   problem.Code `json:"code"`
	Detail string       `json:"detail,omitempty"`
}

// String is for LOG_FORMAT=text.
func (r loggedResult) String() string { return r.Device + " " + string(r.Code) + ": " + r.Detail }

func loggedResults(results []Result) []loggedResult {
	var list []loggedResult
	for i := range results {
		if r := &results[i]; r.Code != "" && len(list) < maxLogged {
			list = append(list, loggedResult{r.DeviceID, r.Line, r.Code, sanitize.Line(r.Detail, maxLoggedRunes)})
		}
	}
	return list
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
		if id = hidden(id, rec.secrets); id != "" && len(ids) < maxLogged && !slices.Contains(ids, id) {
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
