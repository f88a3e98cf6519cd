package main

import (
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"time"
)

// weather is what the service answers.
type weather struct {
	Place       string  `json:"place"`
	Temperature float64 `json:"temperature"` // degrees Celsius
	Conditions  string  `json:"conditions"`
}

var places = map[string]weather{
	"north": {"north", 4.5, "rain"},
	"south": {"south", 17, "clear"},
}

// current answers GET /current?place=NAME.
func current(w http.ResponseWriter, r *http.Request) {
	found, ok := places[r.URL.Query().Get("place")]
	if !ok {
		http.Error(w, "no such place", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=60, stale-if-error=3600")
	_ = json.NewEncoder(w).Encode(map[string]weather{"current": found}) // nobody waits for it any more
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /current", current)
	return mux
}

func main() {
	address := flag.String("listen", "127.0.0.1:7090", "address of the service")
	flag.Parse()
	log.Printf("weather at http://%s/current?place=north", *address)
	server := &http.Server{Addr: *address, Handler: handler(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
