package openapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/problem"
	"mayfly/transform/answer"
	"mayfly/transform/media/otlp"
)

const (
	mediaJSON = "application/json"
	mediaText = "text/plain"
)

// answers collects what an operation answers, by status; 2XX and the like where an
// expression gives the status.
type answers map[string]*response

// add adds an answer to those of a status.
func (a answers) add(status string, r *response) {
	have := a[status]
	if have == nil {
		a[status] = r
		return
	}
	if !strings.Contains(have.Description, r.Description) {
		have.Description += "\n\n" + r.Description
	}
	for name, h := range have.Headers { // one of the two answers may lack it
		h.Required = h.Required && r.Headers[name].Required
		have.Headers[name] = h
	}
	for name, h := range r.Headers {
		if _, found := have.Headers[name]; !found {
			h.Required = false
			have.Headers = withHeader(have.Headers, name, h)
		}
	}
	for name, m := range r.Content {
		if have.Content == nil {
			have.Content = map[string]mediaType{}
		}
		if _, found := have.Content[name]; !found || len(m.Schema) == 0 {
			have.Content[name] = m
		}
	}
}

func withHeader(headers map[string]header, name string, h header) map[string]header {
	if headers == nil {
		headers = map[string]header{}
	}
	headers[name] = h
	return headers
}

// finish makes the answers of an operation, those with problems as references.
func (b *builder) finish(a answers) map[string]*response {
	out := map[string]*response{}
	for _, status := range slices.Sorted(maps.Keys(a)) {
		r := a[status]
		out[status] = r
		if _, problems := r.Content[problem.MediaType]; problems {
			if shared, err := b.share("Problem"+status, r); err == nil { // texts and numbers always marshal
				out[status] = shared
			}
		}
	}
	return out
}

// kind is what a route does with a request.
type kind int

const (
	kindFixed  kind = iota // answers without reading
	kindNative             // takes Mayfly's own formats
	kindMapped             // takes what sources map
	kindBack               // takes events that ask for messages to devices
	kindBridge             // takes Mayfly's own format, with the statuses of Microsoft's bridge
)

// can tells whether a route of a kind can answer with a row of the error table, as the
// service is configured.
func (b *builder) can(k kind, s *source, code problem.Code) bool {
	keys := b.config.Auth == policy.ModeKeys
	switch code {
	case problem.NoSource, problem.UnsupportedHost: // of paths that are not routes
		return k == kindBack && code == problem.NoSource
	case problem.MethodNotAllowed, problem.Internal:
		return true
	case problem.NoDownlink, problem.DownlinkRefused, problem.DownlinkDown:
		return k == kindBack
	case problem.Unauthenticated:
		return k != kindFixed && (keys || s != nil && s.signed())
	case problem.SlowDown:
		return k != kindFixed && (keys || b.config.DeviceRate.Count > 0)
	case problem.TemplateMismatch:
		return k != kindFixed && b.config.Templates != nil
	case problem.LookupUnreachable, problem.LookupTimeout, problem.LookupRefused:
		return k != kindFixed && len(b.config.Lookups) > 0
	case problem.QueueItemTooLarge, problem.QueueUnavailable, problem.QueueFull, problem.QueueRefused:
		return k != kindFixed && k != kindBack && b.config.QueueTarget != nil
	case problem.CodecUnavailable:
		return k == kindMapped
	default:
		where := problem.RowOf(code).Where
		return k != kindFixed && !(k == kindBack && (where == "assign" && code != problem.KeyUnavailable ||
			where == "send" || where == "fit" || code == problem.EventTooLarge))
	}
}

// addProblems adds the rows of the error table that a route can answer.
func (b *builder) addProblems(a answers, k kind, s *source) {
	var rows []problem.Row
	for _, row := range problem.Rows() {
		if !b.can(k, s, row.Code) {
			continue
		}
		early := row.Where == "admit" || row.Where == "authenticate" || row.Where == "any"
		if k != kindBridge || early {
			rows = append(rows, row)
		}
		if mapped := problem.BridgeStatus(row.Status); k == kindBridge && !containsRow(rows, row.Code, mapped) {
			row.Status = mapped
			rows = append(rows, row)
		}
	}
	addRows(a, rows)
}

func containsRow(rows []problem.Row, code problem.Code, status int) bool {
	return slices.ContainsFunc(rows, func(r problem.Row) bool { return r.Code == code && r.Status == status })
}

// rowsOf gives rows of the error table.
func rowsOf(codes ...problem.Code) []problem.Row {
	rows := make([]problem.Row, len(codes))
	for i, code := range codes {
		rows[i] = *problem.RowOf(code)
	}
	return rows
}

// addRows adds rows of the error table, those of one status together.
func addRows(a answers, rows []problem.Row) {
	byStatus := map[int][]problem.Row{}
	for _, row := range rows {
		byStatus[row.Status] = append(byStatus[row.Status], row)
	}
	for status, rows := range byStatus {
		a.add(strconv.Itoa(status), problemResponse(status, rows))
	}
}

// problemResponse tells of the rows of one status.
func problemResponse(status int, rows []problem.Row) *response {
	r := &response{Headers: map[string]header{}}
	var texts, codes []string
	retryable := 0
	for i := range rows {
		row := &rows[i]
		texts = append(texts, "* `"+string(row.Code)+"`: "+row.What+"; "+row.Advice)
		codes = append(codes, string(row.Code))
		if row.Retryable || row.Code == problem.QueueItemTooLarge { // where the hub may take it later
			retryable++
		}
		switch row.Code {
		case problem.MethodNotAllowed:
			r.Headers["Allow"] = header{"the methods of the route", true, schema{"type": "string"}}
		case problem.Unauthenticated:
			r.Headers["WWW-Authenticate"] = header{"how to show a credential", true, schema{"type": "string"}}
		default:
		}
	}
	r.Description = http.StatusText(status) + ":\n\n" + strings.Join(texts, "\n")
	if retryable > 0 {
		r.Headers["Retry-After"] = header{
			"seconds until sending again makes sense", retryable == len(rows), schema{"type": "integer", "minimum": 1},
		}
	}
	r.Content = map[string]mediaType{problem.MediaType: {Schema: schema{"allOf": []schema{
		ref(schemaProblem),
		object(map[string]schema{"code": {"enum": codes}, "status": {"const": status}}, "code"),
	}}}}
	return r
}

// stored is Mayfly's own answer to what is stored.
func stored() *response {
	return &response{
		Description: "Every message is stored in the hub, or is none that counts.",
		Content:     map[string]mediaType{mediaJSON: {Schema: ref(schemaAccepted)}},
	}
}

// queued is Mayfly's own answer to what waits in the queue.
func queued() *response {
	return &response{
		Description: "Every message is stored, at least one of them in the queue: it is delivered later.",
		Content:     map[string]mediaType{mediaJSON: {Schema: ref(schemaQueued)}},
	}
}

// storedOrQueued is Mayfly's own answer under a status that does not tell the hub from the queue.
func (b *builder) storedOrQueued() *response {
	r := stored()
	if b.config.QueueTarget != nil {
		r.Description = "Every message is stored in the hub or in the queue, or is none that counts."
		r.Content[mediaJSON] = mediaType{Schema: b.either()}
	}
	return r
}

// either is the schema of an answer that has what the hub has stored, what the queue has, or both.
func (b *builder) either() schema {
	if b.config.QueueTarget == nil {
		return ref(schemaAccepted)
	}
	return schema{"anyOf": []schema{ref(schemaAccepted), ref(schemaQueued)}}
}

// withQueued adds the answer to what waits in the queue, where there is one.
func (b *builder) withQueued(a answers) answers {
	if b.config.QueueTarget != nil {
		a.add("202", queued())
	}
	return a
}

// partly is Mayfly's own answer to a batch of which some messages can never be stored.
func (b *builder) partly() *response {
	return &response{
		Description: "A batch of which some messages are stored, and the others never can be: results[] says which.",
		Content:     map[string]mediaType{mediaJSON: {Schema: b.either()}},
	}
}

// addReplies adds what the sender of a source is answered in its own words.
func (b *builder) addReplies(a answers, s *source) {
	own := b.storedOrQueued()
	if s.Answer.Reply.Status.IsZero() {
		own = stored() // 202 says the other
	}
	success := replyResponse(&s.Answer.Reply, own)
	if s.OnReject == "accept" {
		success.Description += " This sender punishes refusals, so that those of its messages are answered so, too."
	}
	status := statusOf(&s.Answer.Reply, strconv.Itoa(http.StatusOK), "2XX")
	if status == strconv.Itoa(http.StatusNoContent) {
		success.Content = nil
	}
	a.add(status, success)
	if s.Answer.Reply.Status.IsZero() && b.config.QueueTarget != nil {
		a.add("202", replyResponse(&s.Answer.Reply, queued()))
	}
	if !s.Answer.Partial.IsZero() {
		a.add(statusOf(&s.Answer.Partial, status, "2XX"), replyResponse(&s.Answer.Partial, b.partly()))
	}
	refused := &response{Description: "Nothing is stored, and nothing can be; in the words of this sender."}
	if r := &s.Answer.Refused; !r.IsZero() {
		words := r
		if !hasBody(r) { // a status alone: the body is that of the errors
			words = &s.Answer.Error
		}
		if !hasBody(words) {
			refused.Content = map[string]mediaType{problem.MediaType: {Schema: ref(schemaProblem)}}
		}
		reply := replyResponse(words, refused)
		for status := range strings.FieldsSeq(statusOf(r, "", "2XX 4XX")) {
			a.add(status, clone(reply))
		}
	}
	b.addErrors(a, s)
	if s.speaksProtobuf() {
		for _, r := range a {
			if len(r.Content) > 0 {
				r.Content[otlp.MediaType] = mediaType{Schema: schema{}}
			}
		}
	}
}

// addErrors adds what the sender of a source is told of failures in its own words.
func (b *builder) addErrors(a answers, s *source) {
	if r := &s.Answer.Error; !r.IsZero() {
		reply := replyResponse(r, &response{Description: "In the words of this sender."})
		for status, have := range a {
			if _, problems := have.Content[problem.MediaType]; problems {
				a.add(status, clone(reply))
			}
		}
		for status := range strings.FieldsSeq(statusOf(r, "", "4XX 5XX")) {
			a.add(status, clone(reply))
		}
	}
}

func clone(r *response) *response {
	return &response{Description: r.Description, Headers: maps.Clone(r.Headers), Content: maps.Clone(r.Content)}
}

// statusOf gives the status of a reply: usual where it says none, open where an expression
// gives it.
func statusOf(r *answer.Reply, usual, open string) string {
	switch fixed := r.FixedStatus(); {
	case fixed != 0:
		return strconv.Itoa(fixed)
	case r.Status.IsZero():
		return usual
	}
	return open
}

// replyResponse is an answer that a source describes; what it leaves out is that of own.
func replyResponse(r *answer.Reply, own *response) *response {
	out := clone(own)
	kind, m := "", mediaType{Schema: schema{}}
	switch {
	case !r.JSON.IsZero():
		kind = mediaJSON
	case !r.Text.IsZero():
		kind, m.Schema = mediaText, schema{"type": "string"}
	case r.Body != "":
		kind = mediaJSON
	}
	if kind == "" && r.ContentType == "" {
		return replyHeaders(out, r)
	}
	name, _, _ := strings.Cut(cmp.Or(r.ContentType, kind), ";")
	if name = strings.TrimSpace(name); name != mediaJSON && r.JSON.IsZero() {
		m.Schema = schema{"type": "string"}
	}
	if r.Body != "" {
		m.Examples = map[string]example{"answer": {Value: exampleValue(name, r.Body)}}
	}
	out.Content = map[string]mediaType{name: m}
	return replyHeaders(out, r)
}

func hasBody(r *answer.Reply) bool { return r.Body != "" || !r.JSON.IsZero() || !r.Text.IsZero() }

func replyHeaders(out *response, r *answer.Reply) *response {
	for name := range r.Headers {
		out.Headers = withHeader(out.Headers, http.CanonicalHeaderKey(name),
			header{"as the sender reads it", false, schema{"type": "string"}})
	}
	return out
}
