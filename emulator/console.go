package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const maxConsoleBody = 1 << 20

// ConsoleHandler is the plain-HTTP face for people and tools: the record, the devices, the faults, the clock; and the
// proxy (CONNECT) to the HTTPS face. It answers loopback Host names only, so that no page on the web can reach it by a
// name of its own; GET changes nothing; a change from another origin is refused.
func (e *Emulator) ConsoleHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", e.getEvents)
	mux.HandleFunc("DELETE /events", func(w http.ResponseWriter, _ *http.Request) {
		e.ResetRecord()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /calls", e.getCalls)
	mux.HandleFunc("GET /stream", e.getStream)
	mux.HandleFunc("GET /stats", show(func(*http.Request) (any, error) { return e.Stats(), nil }))
	mux.HandleFunc("GET /feedback", show(func(*http.Request) (any, error) { return e.Feedback(), nil }))
	mux.HandleFunc("GET /files", show(func(*http.Request) (any, error) { return e.Files(), nil }))
	mux.HandleFunc("GET /devices", show(func(*http.Request) (any, error) { return e.Devices(), nil }))
	mux.HandleFunc("GET /devices/{id}", show(e.getDevice))
	mux.HandleFunc("POST /devices/{id}/{action}", show(e.postDevice))
	mux.HandleFunc("GET /faults", show(func(*http.Request) (any, error) { return e.Faults(), nil }))
	mux.HandleFunc("POST /faults", show(e.postFaults))
	mux.HandleFunc("DELETE /faults", show(func(*http.Request) (any, error) { e.ClearFaults(); return nil, nil }))
	mux.HandleFunc("DELETE /faults/{id}", show(e.deleteFault))
	mux.HandleFunc("GET /clock", show(func(*http.Request) (any, error) { return e.clockView(), nil }))
	mux.HandleFunc("POST /clock", show(e.postClock))
	mux.HandleFunc("GET /ca.pem", e.getCA)
	if e.cfg.Page != nil {
		mux.Handle("/", e.cfg.Page)
	} else {
		mux.HandleFunc("GET /{$}", e.getIndex)
	}
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			e.connect(w, r)
		case !isLoopback(hostOnly(r.Host)):
			http.Error(w, "the console answers on localhost, 127.0.0.1 and [::1] only", http.StatusForbidden)
		default:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			r.Body = http.MaxBytesReader(w, r.Body, maxConsoleBody)
			guarded.ServeHTTP(w, r)
		}
	})
}

// badRequest and notThere are the errors of the console's own callers.
type badRequest struct{ error }

type notThere struct{ what string }

func (n notThere) Error() string { return "there is no " + n.what }

func show(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		switch {
		case err != nil:
			writeError(w, err)
		case v == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			writeJSON(w, http.StatusOK, v)
		}
	}
}

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var none notThere
	if errors.As(err, &none) || errors.Is(err, ErrNoDevice) {
		status = http.StatusNotFound
	}
	if errors.Is(err, ErrQueueFull) {
		status = http.StatusForbidden
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// readJSON reads a small body; none is the zero value.
func readJSON(r *http.Request, v any) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return badRequest{err}
	}
	if len(strings.TrimSpace(string(b))) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return badRequest{err}
	}
	return nil
}

func (e *Emulator) getDevice(r *http.Request) (any, error) {
	if d, ok := e.Device(r.PathValue("id")); ok {
		return d, nil
	}
	return nil, notThere{"device " + r.PathValue("id")}
}

// postDevice is POST /devices/{id}/{action}.
func (e *Emulator) postDevice(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if !validRegistrationID(id) {
		return nil, badRequest{fmt.Errorf("device id %q", clip(id, 64))}
	}
	var req struct {
		Hub            string `json:"hub"`
		StaleLookup    bool   `json:"staleLookup"`
		OldHubDisabled bool   `json:"oldHubDisabled"`
		OnRegister     bool   `json:"onRegister"`
	}
	action := r.PathValue("action")
	if action == "c2d" {
		var m Message
		if err := readJSON(r, &m); err != nil {
			return nil, err
		}
		if err := e.SendToDevice(id, m); err != nil {
			return nil, err
		}
	} else if err := readJSON(r, &req); err != nil {
		return nil, err
	}
	if req.Hub != "" && kindOfHost(strings.ToLower(req.Hub), "") != hostHub || req.Hub == "" && action == "move" {
		return nil, badRequest{fmt.Errorf("hub %q: want NAME.azure-devices.net", req.Hub)}
	}
	switch action {
	case "c2d":
	case "move":
		e.script(id, func(d *device) {
			e.moveDevice(d, req.Hub, move{stale: req.StaleLookup, disabled: req.OldHubDisabled, later: req.OnRegister})
		})
	case "provision":
		e.Provision(id, req.Hub)
	case "disable":
		e.Disable(id)
	case "enable", "approve":
		e.Enable(id)
	case "block":
		e.Block(id)
	case "await-approval":
		e.AwaitApproval(id)
	case "purge":
		e.Purge(id)
	case "delete-from-hub":
		e.DeleteFromHub(id)
	case "delete":
		e.Delete(id)
		return nil, nil
	default:
		return nil, notThere{"action " + clip(action, 32)}
	}
	return e.getDevice(r)
}

func (e *Emulator) postFaults(r *http.Request) (any, error) {
	ids, err := e.LoadFaults(r.Body)
	if err != nil {
		return nil, badRequest{err}
	}
	return map[string][]string{"ids": ids}, nil
}

func (e *Emulator) deleteFault(r *http.Request) (any, error) {
	if !e.RemoveFault(r.PathValue("id")) {
		return nil, notThere{"fault " + clip(r.PathValue("id"), 64)}
	}
	return nil, nil
}

type clockJSON struct {
	Time   time.Time    `json:"time"`
	Offset jsonDuration `json:"offset"` // from the true time
}

func (e *Emulator) clockView() clockJSON {
	return clockJSON{e.Now(), jsonDuration(e.clock.Load())}
}

// postClock steps the clock, sets it, or gives it the true time again.
func (e *Emulator) postClock(r *http.Request) (any, error) {
	var req struct {
		Step  jsonDuration `json:"step"`
		Set   time.Time    `json:"set"`
		Reset bool         `json:"reset"`
	}
	if err := readJSON(r, &req); err != nil {
		return nil, err
	}
	switch {
	case req.Reset:
		e.ResetClock()
	case !req.Set.IsZero():
		e.SetClock(req.Set)
	case req.Step != 0:
		e.StepClock(time.Duration(req.Step))
	default:
		return nil, badRequest{errors.New(`want {"step":"1h"}, {"set":"2026-01-02T03:04:05Z"} or {"reset":true}`)}
	}
	return e.clockView(), nil
}

func (e *Emulator) getCA(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(e.CAPEM())
}

func (e *Emulator) getIndex(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, `Mayfly emulator: Azure DPS and IoT hubs on this machine

  ID scope   %s
  hubs       %s
  HTTPS      %s
  any program that honours HTTPS_PROXY:
    curl -s http://%[4]s/ca.pem > ca.pem
    HTTPS_PROXY=http://%[4]s SSL_CERT_FILE=ca.pem your-program

  GET  /events?device=&hub=&since=&after=&count=&wait=5s&format=ndjson
  GET  /calls?device=&op=&since=&after=&count=
  GET  /stream                          server-sent events
  GET  /stats /devices /devices/{id} /files /feedback /faults /clock /ca.pem
  POST /faults                          [{"endpoint":"events","share":0.2,"status":503}]
  DELETE /faults /faults/{id} /events
  POST /devices/{id}/{provision,move,disable,enable,block,approve,await-approval,delete,delete-from-hub,purge}
  POST /devices/{id}/c2d                {"json":{"on":true}}
  POST /clock                           {"step":"1h"}
`, e.cfg.IDScope, strings.Join(e.Hubs(), " "), e.Addr(), r.Host)
}
