package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/wire"
)

const maxConsoleBody = 4 << 20 // a request that is sent again may be long

// ConsoleHandler answers plain HTTP for people and tools: the record, the devices, the faults, the clock; and it is a
// proxy (CONNECT) to the HTTPS port. It answers loopback Host names only, so that no page on the web can reach it by a
// name of its own; GET changes nothing; changes from other origins are refused.
func (e *Emulator) ConsoleHandler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range e.consoleRoutes() {
		mux.HandleFunc(r.pattern, r.handler)
	}
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
		case !wire.IsLoopback(wire.HostOnly(r.Host)):
			http.Error(w, "the console answers on localhost, 127.0.0.1 and [::1] only", http.StatusForbidden)
		default:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			limit := int64(maxConsoleBody)
			if r.URL.Path == "/snapshot" {
				limit = maxSnapshot + 1
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			guarded.ServeHTTP(w, r)
		}
	})
}

type route struct {
	pattern string
	handler http.HandlerFunc
}

// consoleRoutes is the console's API; docs/emulator.md describes it.
func (e *Emulator) consoleRoutes() []route {
	get := func(f func() any) http.HandlerFunc {
		return reply(func(*http.Request) (any, error) { return f(), nil })
	}
	do := func(f func()) http.HandlerFunc {
		return reply(func(*http.Request) (any, error) { f(); return nil, nil })
	}
	return []route{
		{"GET /events", e.getEvents},
		{"DELETE /events", do(e.ResetRecord)},
		{"GET /calls", e.getCalls},
		{"GET /stream", e.getStream},
		{"GET /stats", get(func() any { return e.Stats() })},
		{"GET /devices", get(func() any { return e.Devices() })},
		{"GET /devices/{id}", reply(e.getDevice)},
		{"GET /devices/{id}/messages", reply(e.getWaiting)},
		{"POST /devices/{id}/{action}", reply(e.postDevice)},
		{"GET /feedback", get(func() any { return e.Feedback() })},
		{"GET /files", get(func() any { return e.Files() })},
		{"GET /faults", get(func() any { return e.Faults() })},
		{"POST /faults", reply(e.postFaults)},
		{"DELETE /faults", do(e.ClearFaults)},
		{"DELETE /faults/{id}", reply(e.deleteFault)},
		{"GET /clock", get(func() any { return e.clockView() })},
		{"POST /clock", reply(e.postClock)},
		{"GET /snapshot", get(func() any { return e.Snapshot() })},
		{"PUT /snapshot", reply(e.putSnapshot)},
		{"GET /ca.pem", e.getCA},
	}
}

// connect lets any program that honors HTTPS_PROXY reach the emulator by Azure's host names.
func (e *Emulator) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	kind := e.kindOf(wire.HostOnly(host))
	if err != nil || port != "443" || kind == wire.HostOther || kind == wire.HostLoopback {
		http.Error(w, "this proxy connects to DPS, IoT hubs and the emulator's storage account on port 443 only",
			http.StatusForbidden)
		return
	}
	e.net.Tunnel(w, r)
}

// badRequest and notFound are the errors of those who call the console.
type badRequest struct{ error }

type notFound struct{ what string }

func (n notFound) Error() string { return "unknown " + n.what }

// reply answers with the JSON of what f returns, 204 when that is nil, or the error.
func reply(f func(*http.Request) (any, error)) http.HandlerFunc {
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
	var unknown notFound
	if errors.As(err, &unknown) || errors.Is(err, ErrNoDevice) {
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

// readJSON reads a small body; an empty one leaves v alone.
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
	return nil, notFound{"device " + r.PathValue("id")}
}

func (e *Emulator) getWaiting(r *http.Request) (any, error) { return e.Waiting(r.PathValue("id")), nil }

// moveRequest is the body of POST /devices/{id}/move; /provision reads its hub.
type moveRequest struct {
	Hub            string `json:"hub"`
	StaleLookup    bool   `json:"staleLookup"`
	OldHubDisabled bool   `json:"oldHubDisabled"`
	OnRegister     bool   `json:"onRegister"`
}

// deviceActions are the actions of POST /devices/{id}/{action} that need no more than the id.
func (e *Emulator) deviceActions() map[string]func(id string) {
	return map[string]func(string){
		"disable":         e.Disable,
		"enable":          e.Enable,
		"block":           e.Block,
		"approve":         e.Approve,
		"await-approval":  e.AwaitApproval,
		"purge":           func(id string) { e.Purge(id) },
		"delete":          e.Delete,
		"delete-from-hub": e.DeleteFromHub,
	}
}

// postDevice is POST /devices/{id}/{action}.
func (e *Emulator) postDevice(r *http.Request) (any, error) {
	id, action := r.PathValue("id"), r.PathValue("action")
	if !wire.ValidRegistrationID(id) {
		return nil, badRequest{fmt.Errorf("%q is not a device id", wire.Clip(id, 64))}
	}
	var err error
	switch action {
	case "provision", "move":
		err = e.postHub(r, id, action)
	case "c2d":
		var m Message
		if err = readJSON(r, &m); err == nil {
			err = e.SendToDevice(id, m)
		}
	default:
		do := e.deviceActions()[action]
		if do == nil {
			return nil, notFound{"action " + wire.Clip(action, 32)}
		}
		do(id)
	}
	if err != nil {
		return nil, err
	}
	if action == "delete" {
		return nil, nil
	}
	return e.getDevice(r)
}

func (e *Emulator) postHub(r *http.Request, id, action string) error {
	var req moveRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if req.Hub != "" && !wire.IsHub(req.Hub) || req.Hub == "" && action == "move" {
		return badRequest{fmt.Errorf("hub %q: want NAME.azure-devices.net", req.Hub)}
	}
	if action == "provision" {
		e.Provision(id, req.Hub)
		return nil
	}
	m := fleet.Move{StaleLookup: req.StaleLookup, OldHubDisabled: req.OldHubDisabled, OnRegister: req.OnRegister}
	e.fleet.Move(id, req.Hub, m, e.Now())
	return nil
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
		return nil, notFound{"fault " + wire.Clip(r.PathValue("id"), 64)}
	}
	return nil, nil
}

type clockJSON struct {
	Time   time.Time      `json:"time"`
	Offset fault.Duration `json:"offset"` // from the true time
}

func (e *Emulator) clockView() clockJSON {
	return clockJSON{e.Now(), fault.Duration(e.clock.Load())}
}

// postClock moves the clock, sets it, or makes it show the true time again.
func (e *Emulator) postClock(r *http.Request) (any, error) {
	var req struct {
		Step  fault.Duration `json:"step"`
		Set   time.Time      `json:"set"`
		Reset bool           `json:"reset"`
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
  any program that honors HTTPS_PROXY:
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
  GET, PUT /snapshot                    devices, hubs, faults and the clock as one document
`, e.cfg.IDScope, strings.Join(e.Hubs(), " "), e.Addr(), r.Host)
}
