package recorder

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"mayfly/cmd/mayfly/internal/recorder/pseudonym"
	"mayfly/function"
	"mayfly/transform/message"
)

// format is what an exported file says it is.
const format = "mayfly-request/1"

// file is an exported request.
type file struct {
	Format  string  `json:"format"`
	Devices string  `json:"devices,omitempty"` // replaced: names stand for the ids of devices
	Detail  *Detail `json:"request"`
}

// export answers with a request as one file, without its credentials.
func (rec *Recorder) export(r *http.Request, e *entry) (any, error) {
	d, secrets := rec.detail(r.Context(), e)
	f := file{Format: format, Detail: d}
	switch r.URL.Query().Get("devices") {
	case "", "keep":
	case "replace":
		f.Devices = "replaced"
		if err := anonymize(d); err != nil {
			return nil, err
		}
	default:
		return nil, badRequest("devices: want keep or replace")
	}
	return secrets.Without(f)
}

// importOne keeps a request that was exported elsewhere. Nothing is sent.
func (rec *Recorder) importOne(r *http.Request) (any, error) {
	var f file
	if err := readJSON(r, &f, false); err != nil {
		return nil, err
	}
	if f.Format != format || f.Detail == nil {
		return nil, badRequest("this is not a request that was exported: want format %q", format)
	}
	e, err := imported(f.Detail)
	if err != nil {
		return nil, err
	}
	rec.add(e)
	return summary(e), nil
}

// imported makes an entry of what a file says. It can be searched and sent again as any other.
func imported(d *Detail) (*entry, error) {
	q := &d.Request
	body := []byte(q.Body.Text)
	if q.Body.Base64 != "" {
		var err error
		if body, err = base64.StdEncoding.DecodeString(q.Body.Base64); err != nil {
			return nil, badRequest("base64: %w", err)
		}
	}
	h := http.Header{}
	for _, pair := range q.Headers {
		h.Add(pair[0], pair[1])
	}
	if len(body) > maxBody || q.Method == "" || q.Path == "" || q.Path[0] != '/' {
		return nil, badRequest("the file has no request that can be kept: %w", errImport)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	if q.Body.Error == "" {
		h.Del("Content-Encoding") // the file has the body decompressed
	}
	o := &function.Finished{Method: q.Method, Path: q.Path, Source: d.Source, Caller: d.Caller, Devices: d.Devices,
		Messages: d.Messages, Delivered: d.Delivered, Repeated: d.Repeated, Ignored: d.Ignored, Reasons: d.Reasons,
		Accepted: d.Accepted}
	if p := d.Problem; p != nil {
		// A code that this version does not know is shown as it stands.
		o.Status, o.Title, o.Detail = p.Status, p.Title, p.Detail
		setText(&o.Code, p.Code)
		for _, field := range p.Errors {
			o.Errors = append(o.Errors, message.FieldError{Path: field.Path, Rule: field.Rule, Hint: field.Hint})
		}
	}
	if d.How == howDetected {
		o.Path = "/api/ingest"
	}
	d.stored, d.Again = len(text), 0
	e := &entry{began: d.Time, took: time.Duration(d.MS * float64(time.Millisecond)), method: q.Method, path: q.Path,
		query: q.Query, host: q.Host, proto: q.Proto, remote: q.Remote, headCut: q.Cut, body: body,
		size: q.Body.Received, unread: q.Body.Unread, status: d.Status, answer: []byte(d.Answer.Body), outcome: o,
		imported: d}
	e.head, _ = lines(h, maxHead)
	if !q.Body.Cut {
		e.size = int64(len(body))
	}
	return e, nil
}

var errImport = errors.New("want a method, a path and a body of at most 1 MiB")

// setText sets a text of any type.
func setText[T ~string](to *T, text string) { *to = T(text) }

// maxNames bounds the devices that get other names.
const maxNames = 1000

// anonymize replaces the ids of devices and gateways in all texts of a request.
func anonymize(d *Detail) error {
	target := &url.URL{Path: d.Request.Path, RawQuery: d.Request.Query}
	if path, err := url.PathUnescape(d.Request.Path); err == nil {
		target.Path = path
	}
	text, err := pseudonym.Replace(d, ids(d), d.Request.Body.Text, target)
	if err != nil {
		return err
	}
	*d = Detail{}
	return json.Unmarshal(text, d)
}

// ids are the devices and gateways that a request is about.
func ids(d *Detail) []string {
	var out []string
	add := func(id string) {
		if id != "" && len(out) < maxNames && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, id := range d.Devices {
		add(id)
	}
	if d.Explain != nil {
		for i := range d.Explain.Parts {
			for j := range d.Explain.Parts[i].Messages {
				add(d.Explain.Parts[i].Messages[j].Device)
				add(d.Explain.Parts[i].Messages[j].Gateway)
			}
		}
	}
	for i := range d.Calls {
		add(d.Calls[i].Device)
	}
	return out
}
