package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

// ConsoleHandler is the plain-HTTP face for people and tools: the record, the devices, the faults. It answers loopback
// Host names only, so that no page on the web can reach it by a name of its own, and GET changes nothing.
func (e *Emulator) ConsoleHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", e.getEvents)
	mux.HandleFunc("GET /calls", e.getCalls)
	mux.HandleFunc("GET /ca.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(e.CAPEM())
	})
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			e.connect(w, r)
		case !isLoopback(strings.Trim(hostOnly(r.Host), "[]")):
			http.Error(w, "the console answers on localhost, 127.0.0.1 and [::1] only", http.StatusForbidden)
		default:
			guarded.ServeHTTP(w, r)
		}
	})
}

func (e *Emulator) getEvents(w http.ResponseWriter, _ *http.Request) { writeJSON(w, e.Events()) }
func (e *Emulator) getCalls(w http.ResponseWriter, _ *http.Request)  { writeJSON(w, e.Calls()) }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
