package answerstatus

import "net/http"

// Writer passes an answer on.
type Writer struct {
	http.ResponseWriter
	Code int // of the answer; 0 until there is one
}

// WriteHeader notes the status, but for an informational one.
func (w *Writer) WriteHeader(code int) {
	if w.Code == 0 && code >= http.StatusOK {
		w.Code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap gives http.ResponseController the writer with all its abilities.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
