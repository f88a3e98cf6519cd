package reverse

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/problem"
	"mayfly/transform"
	"mayfly/transform/message"
)

// route is where events come in.
const route = "/api/downlink/{source}"

// Named gives the source of a request as authentication knows it: as the path names it, unless otherwise is not empty.
func Named(r *http.Request, otherwise string) string {
	name := r.PathValue("source")
	if r.Pattern == route {
		return policy.DownlinkPrefix + name
	}
	return cmp.Or(otherwise, name)
}

// Check tells whether messages can be pushed to the devices of a source at all.
func Check(source *transform.Source) error {
	if source.Pusher() == nil {
		return &problem.Error{Code: problem.NoDownlink,
			Detail: "messages cannot be pushed to devices of source " + source.Name + ": downlink.push.to is not set"}
	}
	return nil
}

// Read reads the events of a body: a message for each that asks for one. It fails if nothing is left beside those that
// are wrong.
func Read(ctx context.Context, source *transform.Source, r *message.Request) (transform.Outcome, error) {
	asked, err := source.Pusher().Events().Read(ctx, r)
	if err != nil {
		return transform.Outcome{}, err
	}
	out := transform.Outcome{
		Messages: asked.Messages, Parts: asked.Parts, Ignored: asked.Ignored, Reasons: asked.Reasons,
	}
	var fields []message.FieldError
	for _, i := range slices.Sorted(maps.Keys(asked.Wrong)) {
		out.Refused = append(out.Refused, transform.Refused{Part: i, Err: asked.Wrong[i]})
		fields = append(fields, asked.Wrong[i].Fields...)
	}
	if len(out.Messages) == 0 && len(fields) > 0 {
		return out, message.InvalidFields(fields...)
	}
	return out, nil
}
