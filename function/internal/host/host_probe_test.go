package host_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"mayfly/function/internal/receipt"
	"mayfly/function/internal/requestlog"
)

// hostView is what a handler can see of a request and what must not depend on
// the host. Repeated headers are one list, however many lines they came in:
// HTTP says that the two are the same, and an HTTP API joins them.
type hostView struct {
	Method  string
	Path    string
	Query   map[string][]string
	Headers map[string]string
	Cookies []string
	Length  int64
	Body    []byte
	Named   bool // the context has a request id
	Client  bool // RemoteAddr is host:port
}

// hostProbe answers with its view of the request, or in one of the ways in
// which answers get lost.
func hostProbe(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch r.URL.Path {
	case "/answer/panic":
		h.Set("X-Probe-Half", "done")
		panic("probe: a bug")
	case "/answer/nothing":
	case "/answer/204":
		w.WriteHeader(http.StatusNoContent)
		if _, err := io.WriteString(w, "lost"); err == nil {
			panic("probe: a 204 took a body")
		}
	case "/answer/503":
		h.Set("Content-Type", "application/problem+json")
		h.Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
		h.Set("X-Probe-Late", "yes")
		_, _ = io.WriteString(w, "{\"title\":\"<&> ü \u2028\"}")
	case "/answer/repeated":
		h.Add("X-Probe-Twice", "one")
		h.Add("X-Probe-Twice", "two")
		_, _ = io.WriteString(w, "<html>sniffed")
	case "/answer/cookie":
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
	case "/answer/cookies":
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2, 3"})
	case "/answer/binary":
		h.Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte{0, 0xff, 0xfe, '\n'})
	case "/answer/gzip":
		h.Set("Content-Type", "application/json")
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(gzipped("{}"))
	case "/answer/told": // to the URL in the query, when the answer has arrived
		receipt.After(w, nil, func(err error) {
			res, postErr := http.Post(r.URL.Query().Get("tell"), "text/plain", strings.NewReader(fmt.Sprint(err)))
			if postErr == nil {
				_ = res.Body.Close()
			}
		})
	default:
		h.Set("Content-Type", "application/json; charset=utf-8")
		if err := json.NewEncoder(w).Encode(viewOf(r)); err != nil {
			panic(err)
		}
	}
}

func viewOf(r *http.Request) hostView {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	v := hostView{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Headers: map[string]string{},
		Length: r.ContentLength, Body: body, Named: requestlog.ID(r.Context()) != "",
	}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Probe-") || strings.HasPrefix(name, "Content-") || name == "Authorization" {
			v.Headers[name] = strings.Join(values, ",")
		}
	}
	for _, c := range r.Cookies() {
		v.Cookies = append(v.Cookies, c.String())
	}
	_, _, err = net.SplitHostPort(r.RemoteAddr)
	v.Client = err == nil
	return v
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.Bytes()
}
