package head

import (
	"fmt"
	"net/http"

	"mayfly/function"
)

// MaxSeen is the limit of the server for the head of a request, where large ones are refused here.
const MaxSeen = 1 << 20

// slop is what net/http adds to the limit of a head.
const slop = 4 << 10

// Refuse answers a request whose head is too large for the bridge and says what became of it. It returns nil where the
// head is not.
func Refuse(w http.ResponseWriter, r *http.Request) *function.Finished {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host) + len("  \r\nHost: \r\n\r\n")
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	if size <= function.MaxHead+slop {
		return nil
	}
	const status = http.StatusRequestHeaderFieldsTooLarge
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, status, " ", http.StatusText(status)) // the client may be gone
	return &function.Finished{
		Method: r.Method, Path: r.URL.Path, Status: status, Title: "the headers are too large",
		Detail: fmt.Sprintf("request line and headers have %d bytes; the bridge takes %d KiB", size,
			function.MaxHead>>10),
	}
}
