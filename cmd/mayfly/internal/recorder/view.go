package recorder

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
	"mayfly/function"
	"mayfly/internal/jsonscan"
)

const maxReason = 300

// Summary is a request in a list.
type Summary struct {
	ID        uint64    `json:"id"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Source    string    `json:"source,omitempty"`
	How       string    `json:"how,omitempty"` // it was recognized: named, detected or own
	Devices   []string  `json:"devices"`       // the first ones
	Messages  int       `json:"messages"`      // that its body held
	Status    int       `json:"status"`
	Code      string    `json:"code,omitempty"`
	Outcome   string    `json:"outcome"`       // delivered, ignored, refused or empty
	Why       string    `json:"why,omitempty"` // it was refused or ignored
	Accepted  bool      `json:"accepted,omitempty"`
	Delivered int       `json:"delivered,omitempty"`
	Repeated  int       `json:"repeated,omitempty"`
	Ignored   int       `json:"ignored,omitempty"`
	Notes     int       `json:"notes,omitempty"`
	MS        float64   `json:"ms"`
	Bytes     int64     `json:"bytes"`
	Again     uint64    `json:"again,omitempty"` // the request that it repeats
	Imported  bool      `json:"imported,omitempty"`
}

func summary(e *entry) Summary {
	o := e.outcome
	s := Summary{
		ID: e.id, Time: e.began, Method: short(e.method, 32), Path: short(valid(e.path), maxReason), Source: o.Source,
		How: how(o), Devices: append([]string{}, o.Devices...), Messages: o.Messages, Status: e.status,
		Code: string(o.Code), Outcome: outcome(e), Accepted: o.Accepted, Delivered: o.Delivered, Repeated: o.Repeated,
		Ignored: o.Ignored, Notes: o.Notes, MS: milliseconds(e.took), Bytes: e.size, Again: e.again,
		Imported: e.imported != nil,
	}
	switch {
	case len(o.Errors) > 0:
		s.Why = o.Errors[0].Text()
	case o.Code != "" || o.Status != 0:
		s.Why = cmp.Or(o.Detail, o.Title)
	case len(o.Reasons) > 0:
		s.Why = strings.Join(o.Reasons, ", ")
	}
	s.Why = short(valid(s.Why), maxReason)
	return s
}

func valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }

// Detail is all that is known about a request.
type Detail struct {
	Summary
	Request  Received     `json:"request"`
	Caller   string       `json:"caller,omitempty"` // who has shown a credential
	Problem  *Problem     `json:"problem,omitempty"`
	Reasons  []string     `json:"reasons,omitempty"` // why parts were ignored
	Advice   string       `json:"advice,omitempty"`  // what to do about it
	Explain  *Explanation `json:"explain,omitempty"`
	Calls    []Call       `json:"calls"`
	MoreCall int          `json:"moreCalls,omitempty"`
	Answer   Answer       `json:"answer"`
	Timeline []Moment     `json:"timeline"`
	Curl     string       `json:"curl,omitempty"`

	stored int // bytes, of an imported one
}

// Received is a request as it came, without its credentials.
type Received struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`  // as it was escaped
	Query   string      `json:"query"` // likewise
	Host    string      `json:"host,omitempty"`
	Proto   string      `json:"proto,omitempty"`
	Remote  string      `json:"remote,omitempty"`
	Headers [][2]string `json:"headers"`
	Cut     bool        `json:"headersCut,omitempty"`
	Body    Body        `json:"body"`
	Hidden  int         `json:"hidden,omitempty"` // credentials that have placeholders
}

// Body is a body after its content codings are undone.
type Body struct {
	Text     string `json:"text,omitempty"`
	Base64   string `json:"base64,omitempty"` // where it is not UTF-8
	JSON     bool   `json:"json,omitempty"`
	Received int64  `json:"received"`          // bytes, as far as it was read
	Size     int    `json:"size"`              // bytes, decompressed
	Codings  string `json:"codings,omitempty"` // Content-Encoding
	Cut      bool   `json:"cut,omitempty"`     // it is longer than what is kept
	Unread   bool   `json:"unread,omitempty"`  // the request was refused before its body was read
	Error    string `json:"error,omitempty"`   // it could not be decompressed, and this is how it came
}

// Problem is why a request, or a part of it, was refused.
type Problem struct {
	Status    int     `json:"status"`
	Code      string  `json:"code"`
	Title     string  `json:"title"`
	Detail    string  `json:"detail,omitempty"`
	Errors    []Field `json:"errors,omitempty"`
	Retryable bool    `json:"retryable"`
}

// Answer is what the sender was told.
type Answer struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
	Size    int         `json:"size"`
}

// detail works out all about an entry. The secrets are those that it has placeholders for.
func (rec *Recorder) detail(ctx context.Context, e *entry) (*Detail, *hidden.Secrets) {
	if e.imported != nil {
		d := *e.imported
		d.ID, d.Imported = e.id, true
		return &d, &hidden.Secrets{}
	}
	h := header(e.head)
	d, secrets := &Detail{Summary: summary(e), Caller: e.outcome.Caller, Reasons: e.outcome.Reasons}, &hidden.Secrets{}
	var plain []byte
	d.Request, plain = rec.received(e, h, secrets)
	d.Calls, d.MoreCall = e.views()
	d.Answer = Answer{Status: e.status, Headers: secrets.Headers(header(e.answerHead), nil),
		Body: secrets.Scrub(valid(string(e.answer))), Size: e.answerSize}
	d.Problem, d.Advice = problemOf(e), advice(e)
	d.Explain = rec.explanation(ctx, e, h, plain)
	d.Request.Hidden = secrets.Len()
	d.Timeline = timeline(d)
	d.Curl = rec.curl(&d.Request)
	return d, secrets
}

// received is the request without its credentials, and its decompressed body with them.
func (rec *Recorder) received(e *entry, h http.Header, secrets *hidden.Secrets) (Received, []byte) {
	more := rec.secrets(e)
	r := Received{Method: valid(e.method), Path: valid(e.path), Host: e.host, Proto: e.proto, Remote: e.remote,
		Cut: e.headCut, Headers: secrets.Headers(h, more.Headers)}
	for i := range r.Headers {
		r.Headers[i][1] = valid(r.Headers[i][1])
	}
	r.Query = valid(secrets.Pairs(e.query, more.Query))
	r.Body = Body{Received: e.size, Unread: e.unread, Cut: e.size > int64(len(e.body)),
		Codings: strings.Join(h["Content-Encoding"], ", ")}
	plain := e.body
	if r.Body.Codings != "" && !r.Body.Cut {
		text, err := function.Decompress(context.Background(), h, e.body, maxPlain)
		if err == nil {
			plain = text
		} else {
			r.Body.Error = err.Error()
		}
	}
	r.Body.Size = len(plain)
	shown := secrets.Body(plain, h.Get("Content-Type"), more.Members)
	if utf8.Valid(shown) {
		r.Body.Text, r.Body.JSON = string(shown), jsonscan.Valid(bytes.TrimSpace(shown))
	} else {
		r.Body.Base64 = base64.StdEncoding.EncodeToString(shown)
	}
	return r, plain
}

// secrets are the places of credentials that the configuration names. A request that was refused before its source was
// known has those of the source that its path names, or else of any.
func (rec *Recorder) secrets(e *entry) hidden.Places {
	if rec.explain == nil {
		return hidden.Places{}
	}
	source := e.outcome.Source
	if source == "" {
		source, _, _ = strings.Cut(strings.TrimPrefix(e.path, "/api/"), "/")
	}
	return rec.explain.Secrets(source)
}

func problemOf(e *entry) *Problem {
	o := e.outcome
	if o.Code == "" && o.Status == 0 {
		return nil
	}
	p := &Problem{Status: o.Status, Code: string(o.Code), Title: o.Title, Detail: short(valid(o.Detail), maxValue),
		Errors: fieldsOf(o.Errors)}
	if row := rowOf(string(o.Code)); row != nil {
		p.Retryable = row.Retryable
	}
	return p
}

func rowOf(code string) *function.ErrorRow {
	rows := function.Rows()
	i := slices.IndexFunc(rows, func(r function.ErrorRow) bool { return string(r.Code) == code })
	if i < 0 {
		return nil
	}
	return &rows[i]
}

// advice says what to do about a request that was refused or ignored.
func advice(e *entry) string {
	o := e.outcome
	row := rowOf(string(o.Code))
	switch {
	case row != nil && row.Retryable:
		return row.Advice + "; the sender may send it again"
	case row != nil && o.Source != "" && how(o) != howOwn &&
		(o.Code == "invalid-message" || o.Code == "malformed-body"):
		return row.Advice + "; if the sender is right, change the source " + o.Source +
			": the playground shows what becomes of this request"
	case o.Code == "no-source" && !strings.HasPrefix(o.Path, "/api/"):
		return row.Advice + "; the source NAME is served at /api/NAME"
	case row != nil:
		return row.Advice
	case o.Status == http.StatusRequestHeaderFieldsTooLarge:
		return "have the sender write fewer or shorter headers, or send what they hold in the body"
	case o.Code == "" && o.Ignored > 0 && o.Source != "":
		return "nothing, if this is not telemetry: the sender is told that all is well, so that it does not send it " +
			"again; if it is telemetry, change ignore of the source " + o.Source
	}
	return ""
}

// Moment is one thing that happened, in the order in which it did.
type Moment struct {
	Kind  string   `json:"kind"` // received, authenticated, recognized, decoded, dps, hub, other or answered
	Title string   `json:"title"`
	Text  string   `json:"text,omitempty"`
	State string   `json:"state,omitempty"` // bad or wait; good otherwise
	At    *float64 `json:"at,omitempty"`    // ms since the request came in
	MS    float64  `json:"ms,omitempty"`
}

func timeline(d *Detail) []Moment {
	at := func(ms float64) *float64 { return &ms }
	out := []Moment{{Kind: "received", Title: "Received", At: at(0), Text: receivedText(&d.Request)}}
	code := d.Code
	stop := func(codes ...string) bool { return slices.Contains(codes, code) }
	authenticated := Moment{Kind: "authenticated", Title: "Authenticated", Text: "nobody has to show a credential"}
	if d.Caller != "" {
		authenticated.Text = "as " + d.Caller
	}
	if stop("unauthenticated", "device-not-allowed", "cross-origin") {
		authenticated.Title, authenticated.State, authenticated.Text = "Not allowed", "bad", d.Why
	}
	if d.Status != http.StatusRequestHeaderFieldsTooLarge { // which ends a request before that
		out = append(out, authenticated)
	}
	recognized := Moment{Kind: "recognized", Title: "Source " + d.Source}
	switch d.How {
	case howNamed:
		recognized.Text = "its path names it"
	case howDetected:
		recognized.Text = "detected by what the request looks like"
	case howOwn:
		recognized.Text = "a format of Mayfly's own"
	default:
		recognized.Title, recognized.State, recognized.Text = "No source", "bad", "nothing has read the body"
	}
	out = append(out, recognized)
	if d.Source != "" {
		out = append(out, decodedMoment(d))
	}
	for i := range d.Calls {
		out = append(out, callMoment(&d.Calls[i]))
	}
	if d.MoreCall > 0 {
		out = append(out, Moment{Kind: "other", Title: strconv.Itoa(d.MoreCall) + " more calls", State: "wait"})
	}
	answered := Moment{Kind: "answered", Title: "Answered " + strconv.Itoa(d.Status), At: at(d.MS), Text: d.Code}
	if d.Accepted {
		answered.Text += " (the sender is told that all is well: onReject is accept)"
	}
	if d.Problem != nil {
		answered.State = "bad"
	}
	return append(out, answered)
}

func receivedText(r *Received) string {
	text := r.Method + " " + short(r.Path, maxReason) + ", " + strconv.FormatInt(r.Body.Received, 10) + " bytes"
	if r.Body.Codings != "" && r.Body.Error == "" {
		text += " (" + r.Body.Codings + "), " + strconv.Itoa(r.Body.Size) + " decompressed"
	}
	return text
}

func decodedMoment(d *Detail) Moment {
	m := Moment{Kind: "decoded", Title: strconv.Itoa(d.Messages) + " messages"}
	if d.Messages == 1 {
		m.Title = "1 message"
	}
	var texts []string
	if d.Repeated > 0 {
		texts = append(texts, strconv.Itoa(d.Repeated)+" stored before, and not sent again")
	}
	if d.Ignored > 0 {
		texts = append(texts, strconv.Itoa(d.Ignored)+" ignored: "+strings.Join(d.Reasons, ", "))
	}
	if d.Code != "" && d.Status < http.StatusBadRequest && len(d.Calls) == 0 {
		m.State, texts = "bad", append(texts, "the rest was refused: "+d.Why)
	}
	if d.Explain != nil && len(d.Explain.Notes) > 0 {
		m.State, texts = cmp.Or(m.State, "wait"), append(texts, d.Explain.Notes[:min(len(d.Explain.Notes), 3)]...)
	}
	m.Text = strings.Join(texts, "; ")
	if d.Messages == 0 && d.Code != "" {
		m.Title, m.State, m.Text = "Not decoded", "bad", d.Why
	}
	return m
}

func callMoment(c *Call) Moment {
	m := Moment{Kind: c.Service, Title: c.Op + " " + c.Device, At: &c.At, MS: c.MS}
	var parts []string
	if c.Try > 1 && c.Op != "poll" {
		parts = append(parts, "try "+strconv.Itoa(c.Try))
	}
	if c.Waited >= 1 {
		parts = append(parts, "after a wait of "+strconv.FormatFloat(c.Waited, 'f', 0, 64)+" ms")
	}
	parts = append(parts, c.Host)
	switch {
	case c.Pending:
		m.State = "wait"
		parts = append(parts, "no answer yet")
	case c.Error != "":
		m.State = "bad"
		parts = append(parts, c.Error)
	default:
		parts = append(parts, strconv.Itoa(c.Status))
		if c.Status >= 400 {
			m.State = "bad"
		}
		if c.Op == "lookup" && c.Status == http.StatusNotFound {
			m.State = "" // a device that DPS does not know yet
		}
	}
	if c.RetryAfter != "" {
		parts = append(parts, "Retry-After "+c.RetryAfter)
	}
	m.Text = strings.Join(parts, ", ")
	return m
}
