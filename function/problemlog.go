package function

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"

	"mayfly/function/internal/logged"
	"mayfly/transform/message"
)

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
	about := cmp.Or(rec.problem, &Problem{}) // or all
	for i := range about.Results {
		if about.Results[i].Code != "" {
			add(about.Results[i].DeviceID)
		}
	}
	for i := range about.Errors {
		add(about.Errors[i].DeviceID)
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
