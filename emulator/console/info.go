package console

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/emulator"
)

const (
	exampleDevice = "my-first-device" // the device of the commands that the page shows
	tokenLifetime = 8 * time.Hour     // how long after the page was loaded the commands work

	defaultDevices = 200
	maxDevices     = 2000
)

// info is what the page shows before anything has happened.
type info struct {
	Run        string    `json:"run"` // differs between emulators that use the same address one after another
	IDScope    string    `json:"idScope"`
	Hubs       []string  `json:"hubs"`
	Address    string    `json:"address"` // of the HTTPS port
	Bridge     string    `json:"bridge,omitempty"`
	Playground bool      `json:"playground"`
	Notes      bool      `json:"notes"`
	Requests   bool      `json:"requests"`
	Queue      bool      `json:"queue"`
	Watched    bool      `json:"configuration"` // by the bridge
	Now        time.Time `json:"now"`
	Steps      []step    `json:"steps"`
}

// step is a command to paste, with its purpose.
type step struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

func (h *handler) info(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, info{
		Run: h.run, IDScope: h.e.IDScope(), Hubs: h.e.Hubs(), Address: h.e.Addr(), Bridge: h.o.Bridge,
		Playground: h.o.Playground != nil, Notes: h.o.Notes != nil,
		Requests: h.o.Requests != nil, Queue: h.o.Queue != nil, Watched: h.o.Configuration != nil, Now: h.e.Now(),
		Steps: h.steps(r.Host),
	})
}

// steps are the shortest way to a first event.
func (h *handler) steps(host string) []step {
	const body = `'{"temperature":21.5,"humidity":48}'`
	if h.o.Bridge != "" {
		return []step{{"Send a first measurement", command(
			fmt.Sprintf("curl -i %s/api/devices/%s/telemetry", h.o.Bridge, exampleDevice),
			"-H 'Content-Type: application/json'",
			"-d "+body)}}
	}
	hub := h.e.Hubs()[0]
	return []step{
		{"Trust the emulator's CA, and provision a device", fmt.Sprintf("curl -so ca.pem http://%[1]s/ca.pem\n"+
			`curl -s -X POST http://%[1]s/devices/%[2]s/provision -d '{"hub":"%[3]s"}'`, host, exampleDevice, hub)},
		{"Send as that device, by Azure's own host name", command(
			fmt.Sprintf("curl -i -x http://%s --cacert ca.pem", proxyHost(host)),
			fmt.Sprintf("-H 'Authorization: %s'", h.e.HubToken(exampleDevice, hub, tokenLifetime)),
			"-H 'iothub-contenttype: application/json' -H 'iothub-contentencoding: utf-8'",
			"-d "+body,
			fmt.Sprintf("'https://%s/devices/%s/messages/events?api-version=2021-04-12'", hub, exampleDevice))},
	}
}

// command joins the lines of a shell command.
func command(lines ...string) string { return strings.Join(lines, " \\\n  ") }

// proxyHost avoids localhost, which curl resolves to an IPv6 address first.
func proxyHost(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && name == "localhost" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return host
}

// deviceList is some of the devices: a fleet has more than a page can show.
type deviceList struct {
	Total   int               `json:"total"`
	Matched int               `json:"matched"`
	Devices []emulator.Device `json:"devices"` // last seen first
}

func (h *handler) devices(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit := defaultDevices
	if n, err := strconv.Atoi(query.Get("limit")); err == nil {
		limit = min(max(n, 1), maxDevices)
	}
	wanted := strings.ToLower(query.Get("q"))
	all := h.e.Devices()
	list := deviceList{Total: len(all), Devices: all[:0]}
	for _, d := range all {
		if wanted == "" || strings.Contains(strings.ToLower(d.ID), wanted) || strings.Contains(d.Hub, wanted) ||
			string(d.Standing) == wanted {
			list.Devices = append(list.Devices, d)
		}
	}
	list.Matched = len(list.Devices)
	slices.SortStableFunc(list.Devices, func(a, b emulator.Device) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), strings.Compare(a.ID, b.ID))
	})
	list.Devices = list.Devices[:min(limit, len(list.Devices))]
	writeJSON(w, http.StatusOK, list)
}
