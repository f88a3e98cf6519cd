package console

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"

	"mayfly/emulator"
)

//go:embed page
var files embed.FS

// policy allows the page its own scripts and styles and nothing else. No script can turn text into HTML.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// Options are what the page shows besides the emulator. The zero value is for an emulator alone.
type Options struct {
	// Bridge is the base URL of the bridge that sends to the emulator, for the curl command that the page shows.
	// Without it the page shows how a device sends.
	Bridge string
	// Notes has what the bridge knows about its deliveries. May be nil.
	Notes *Notes
	// Playground tries mappings. Without it the page has no playground.
	Playground Playground
	// Queue is where the bridge keeps what the hubs do not take now. May be nil.
	Queue Queue
	// Configuration answers with what is known about the bridge's configuration, its faults above all. May be nil.
	Configuration http.Handler
	// Requests answers below /requests: the requests that came in to the bridge. May be nil.
	Requests http.Handler
}

// Handler returns the page. Its own data is under /console/; for everything else it uses the emulator's console API.
func Handler(e *emulator.Emulator, o Options) http.Handler {
	h := &handler{e, o, rand.Text()}
	page, _ := fs.Sub(files, "page") // embedded, so it exists
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, page, "index.html")
	})
	mux.HandleFunc("GET /page/{file}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, page, path.Base(r.PathValue("file")))
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, page, "icon.svg")
	})
	mux.HandleFunc("GET /console/info", h.info)
	mux.HandleFunc("GET /console/devices", h.devices)
	mux.HandleFunc("GET /console/notes", h.notes)
	if o.Playground != nil {
		mux.HandleFunc("GET /console/sources", h.sources)
		mux.HandleFunc("GET /console/sources/{name}", h.source)
		mux.HandleFunc("POST /console/try", h.try)
	}
	if o.Queue != nil {
		mux.HandleFunc("GET /console/queue", h.queue)
		mux.HandleFunc("POST /console/queue/{id}/replay", letter(o.Queue.Replay))
		mux.HandleFunc("POST /console/queue/{id}/drop", letter(o.Queue.Drop))
	}
	if o.Configuration != nil {
		mux.Handle("GET /console/configuration", o.Configuration)
	}
	if o.Requests != nil {
		mux.Handle("/requests", o.Requests)
		mux.Handle("/requests/", o.Requests)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		// embedded files have no modification time, and a new binary has other files
		header.Set("Cache-Control", "no-cache")
		mux.ServeHTTP(w, r)
	})
}

type handler struct {
	e   *emulator.Emulator
	o   Options
	run string
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}

func writeError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}
