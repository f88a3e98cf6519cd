package commands

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds how long a request may ask to wait. Eclipse Hono's default for a tenant is the same.
const maxWait = 60 * time.Second

// Wish is how the request of a native route asks for what waits for its device.
type Wish struct {
	Wait time.Duration // how long it is ready to wait for a message; 0: only for those that are there
	Hono bool          // it reads the answer as Eclipse Hono's HTTP adapter writes it
}

// WantedBy tells whether a request asks: by Prefer: wait=N (RFC 7240, section 4.3), the query's wait=N, or Eclipse
// Hono's hono-ttd, a header or in the query (https://eclipse.dev/hono/docs/user-guide/http-adapter/). N is in seconds.
func WantedBy(r *http.Request) (w Wish, ok bool) {
	if values := r.Header["Hono-Ttd"]; len(values) > 0 {
		w.Hono = true
		w.Wait, ok = parseWait(values[0])
		return w, ok
	}
	for _, value := range r.Header["Prefer"] {
		for preference := range strings.SplitSeq(value, ",") {
			preference, _, _ = strings.Cut(preference, ";") // parameters
			name, seconds, _ := strings.Cut(preference, "=")
			if strings.EqualFold(strings.TrimSpace(name), "wait") {
				w.Wait, ok = parseWait(strings.Trim(strings.TrimSpace(seconds), `"`))
				return w, ok
			}
		}
	}
	if !strings.Contains(r.URL.RawQuery, "wait=") && !strings.Contains(r.URL.RawQuery, "hono-ttd=") {
		return w, false
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return w, false
	}
	if seconds := query.Get("hono-ttd"); seconds != "" {
		w.Hono = true
		w.Wait, ok = parseWait(seconds)
		return w, ok
	}
	w.Wait, ok = parseWait(query.Get("wait"))
	return w, ok
}

// parseWait reads a number of seconds.
func parseWait(text string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0, false
	}
	return min(time.Duration(n)*time.Second, maxWait), true
}
