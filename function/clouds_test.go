package function_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"mayfly/emulator"
)

// clouds are those that a transcript pushes messages to, at hosts below .example. Directives of the setup say how
// they answer, by a part of the path: "cloud /devices/gone/ 404 {...}", or "cloud /devices/slow/ hangs". Else they
// answer 200.
type clouds struct {
	azure http.RoundTripper

	mu      sync.Mutex
	answers []cloudAnswer
	pushed  []string
}

type cloudAnswer struct {
	path, body string
	status     int // 0: none
}

// add reads a directive without its verb.
func (c *clouds) add(directive string) {
	path, rest, _ := strings.Cut(directive, " ")
	status, body, _ := strings.Cut(rest, " ")
	n, _ := strconv.Atoi(status)
	c.answers = append(c.answers, cloudAnswer{path, body, n})
}

// RoundTrip implements [http.RoundTripper].
func (c *clouds) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Hostname(), ".example") {
		return c.azure.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	answer := cloudAnswer{status: http.StatusOK, body: "{}"}
	for _, a := range c.answers {
		if strings.Contains(r.URL.Path, a.path) {
			answer = a
		}
	}
	c.mu.Lock()
	c.pushed = append(c.pushed, fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Authorization"), body))
	c.mu.Unlock()
	if answer.status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: answer.status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(answer.body)),
	}, nil
}

// device reads the directive that says how DPS has a device.
func (x *transcript) device(id, state string) {
	state, hub, _ := strings.Cut(state, " ")
	switch state {
	case "provisioned":
		if hub == "" {
			hub = x.azure.Hubs()[0]
		}
		x.azure.Provision(id, hub)
	case "blocked":
		x.azure.Block(id)
	case "disabled":
		x.azure.Disable(id)
	case "awaiting-approval":
		x.azure.AwaitApproval(id)
	case "moved":
		x.azure.Move(id, hub)
	case "moved-but-look-ups-are-stale":
		x.azure.Move(id, hub, emulator.StaleLookup())
	default:
		x.t.Fatalf("no state %q", state)
	}
}
