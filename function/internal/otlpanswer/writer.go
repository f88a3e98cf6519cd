package otlpanswer

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"strings"

	"mayfly/transform/media/otlp"
	"mayfly/transform/message"
)

// Writer holds an answer back to write it in protobuf, for a sender of OTLP that has
// asked in protobuf: it wants ExportMetricsServiceResponse or google.rpc.Status, and does
// not read JSON (OTLP specification, "OTLP/HTTP Response").
type Writer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// IsProtobuf tells whether a request says that it is protobuf.
func IsProtobuf(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Content-Type")), "protobuf")
}

// IsOTLP tells whether a request was OTLP: by its source, or by its path where it was refused
// before a source was chosen.
func IsOTLP(r *http.Request, source string) bool {
	if source == "otlp" {
		return true
	}
	clean := strings.TrimSuffix(r.URL.Path, "/")
	switch path.Base(clean) {
	case "metrics", "traces", "logs":
		if strings.HasPrefix(path.Base(path.Dir(clean)), "v1") {
			return true
		}
	}
	return strings.Contains(clean+"/", "/api/otlp/")
}

// WriteHeader keeps the status.
func (w *Writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write keeps the body.
func (w *Writer) Write(text []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(text)
}

// Unwrap gives http.ResponseController what it needs.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Finish writes the answer, if there is one: in protobuf, or as it is.
func (w *Writer) Finish(protobuf bool) {
	switch {
	case w.status == 0:
		return
	case !protobuf:
		w.ResponseWriter.WriteHeader(w.status)
		_, _ = w.ResponseWriter.Write(w.body.Bytes())
		return
	}
	answer := otlp.Response(w.body.Bytes())
	if w.status >= http.StatusBadRequest {
		answer = otlp.Status(w.status, statusText(w.body.Bytes()))
	}
	h := w.Header()
	h.Set("Content-Type", otlp.MediaType)
	h.Del("Content-Length")
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(answer)
}

// statusText gives the message of an answer: of google.rpc.Status in JSON, or of a problem, with
// its code and all that is wrong.
func statusText(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &status); err == nil && status.Message != "" {
		return status.Message
	}
	var p struct {
		Code      string `json:"code"`
		Title     string `json:"title"`
		Detail    string `json:"detail"`
		RequestID string `json:"requestId"`
		Errors    []message.FieldError
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return string(body)
	}
	var b strings.Builder
	b.WriteString(p.Code + ": " + p.Title)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, f := range p.Errors {
		b.WriteString("; " + f.Path + " " + f.Hint)
	}
	if p.RequestID != "" {
		b.WriteString(" (request " + p.RequestID + ")")
	}
	return b.String()
}
