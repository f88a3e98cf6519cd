package dps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/internal/backoff"
	"mayfly/internal/foreign"
	"mayfly/internal/mtls"
	"mayfly/internal/sas"
)

// GlobalEndpoint is the device endpoint of the public cloud; the ID scope
// selects the instance.
const GlobalEndpoint = "global.azure-devices-provisioning.net"

const (
	apiVersion = "2021-06-01"
	tokenLife  = time.Hour
	mostAnswer = 256 << 10 // DPS messages are 96 KB at most (azure-docs, includes/iot-dps-limits.md)
)

// Client makes single calls to one DPS instance. The zero value of every field
// but IDScope is useful. Do not change it while it is in use.
type Client struct {
	// IDScope names the DPS instance, for example "0ne00000000".
	IDScope string
	// Endpoint is a host name or an https URL; GlobalEndpoint when empty.
	Endpoint string
	// Transport carries the calls; http.DefaultTransport when nil. For devices
	// with certificates it is an *http.Transport.
	Transport http.RoundTripper
	// Now is the clock that tokens are made by; time.Now when nil.
	Now func() time.Time
	// UserAgent is sent with each call when not empty.
	UserAgent string
	// AcceptHub tells whether a host that DPS names is a hub that devices' tokens
	// may be sent to. Every plain host name is when nil.
	AcceptHub func(hub string) bool
}

// Lookup asks where a device is assigned at present. It is not metered and ends
// at once. A device without an assignment gives ErrNotAssigned.
func (c *Client) Lookup(ctx context.Context, d Device) (*Assignment, error) {
	a, res, err := c.call(ctx, "look-up", http.MethodPost, "", d)
	if err != nil {
		var failed *Error
		if errors.As(err, &failed) && failed.Kind == NotEnrolled {
			return nil, ErrNotAssigned
		}
		return nil, err
	}
	switch a.status() {
	case "assigned":
		return c.done(a, "look-up", d)
	case "disabled":
		return nil, a.refusal(&Error{Op: "look-up", Device: d.ID, Status: res.StatusCode})
	default: // failed, assigning, unassigned: no hub now
		return nil, ErrNotAssigned
	}
}

// Register asks DPS to assign the device. The answer is mostly an operation to
// ask for later: see Operation.
func (c *Client) Register(ctx context.Context, d Device) (Registration, error) {
	return c.registration(ctx, "register", http.MethodPut, "/register", d)
}

// Operation asks how a registration stands. DPS allows 5 such calls in 10
// seconds for a device (azure-docs, includes/iot-dps-limits.md).
func (c *Client) Operation(ctx context.Context, d Device, operation string) (Registration, error) {
	return c.registration(ctx, "operation", http.MethodGet, "/operations/"+url.PathEscape(operation), d)
}

func (c *Client) registration(ctx context.Context, op, method, path string, d Device) (Registration, error) {
	a, res, err := c.call(ctx, op, method, path, d)
	if err != nil {
		return Registration{}, err
	}
	switch a.status() {
	case "assigned":
		done, err := c.done(a, op, d)
		if err == nil {
			done.registered = c.now().Unix()
		}
		return Registration{Assignment: done}, err
	case "assigning", "unassigned":
		if a.OperationID != "" {
			wait := backoff.RetryAfter(res.Header, c.now())
			return Registration{Operation: a.OperationID, RetryAfter: int((wait + time.Second - 1) / time.Second)}, nil
		}
		return Registration{}, &Error{Op: op, Device: d.ID, Kind: Malformed, Status: res.StatusCode, Message: "assigning without an operation id"}
	default:
		return Registration{}, a.refusal(&Error{Op: op, Device: d.ID, Status: res.StatusCode})
	}
}

func (c *Client) done(a *answer, op string, d Device) (*Assignment, error) {
	assignment, ok := a.assignment(d.ID)
	if !ok {
		return nil, &Error{Op: op, Device: d.ID, Kind: Malformed, Status: http.StatusOK, Message: "assigned, but to no valid host name"}
	}
	if c.AcceptHub != nil && !c.AcceptHub(assignment.Hub) {
		return nil, &Error{Op: op, Device: d.ID, Kind: Malformed, Status: http.StatusOK, Message: "assigned, but to a host that is not accepted as a hub: " + foreign.Text(assignment.Hub)}
	}
	return assignment, nil
}

// call makes one request and reads its answer. An error is an *Error.
func (c *Client) call(ctx context.Context, op, method, path string, d Device) (*answer, *http.Response, error) {
	failed := &Error{Op: op, Device: d.ID, Kind: Unavailable}
	req, err := c.request(ctx, method, path, d)
	if err != nil {
		failed.Kind, failed.Err = Invalid, err
		return nil, nil, failed
	}
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if d.Certificate != nil {
		own, release, err := mtls.Transport(transport, d.Certificate)
		if err != nil {
			failed.Kind, failed.Err = Invalid, err
			return nil, nil, failed
		}
		defer release()
		transport = own
	}
	// A transport and not an http.Client: a redirect would carry the token away.
	res, err := transport.RoundTrip(req)
	if err != nil {
		failed.Err = err
		return nil, nil, failed
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		failed.Status, failed.Err = res.StatusCode, err
		return nil, nil, failed
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusAccepted {
		return nil, nil, failure(failed, res, body, c.now())
	}
	a := &answer{}
	if err := json.Unmarshal(body, a); err != nil {
		// A cut or foreign answer: the next try may get the whole of it.
		failed.Status, failed.Message = res.StatusCode, "the answer is not JSON"
		return nil, nil, failed
	}
	return a, res, nil
}

func (c *Client) request(ctx context.Context, method, path string, d Device) (*http.Request, error) {
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = GlobalEndpoint
	}
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	target := strings.TrimSuffix(endpoint, "/") + "/" + url.PathEscape(c.IDScope) + "/registrations/" + url.PathEscape(d.ID) + path + "?api-version=" + apiVersion
	var body io.Reader
	if method != http.MethodGet {
		text, err := json.Marshal(struct {
			RegistrationID string          `json:"registrationId"`
			Payload        json.RawMessage `json:"payload,omitempty"`
		}{d.ID, d.Payload})
		if err != nil {
			return nil, fmt.Errorf("payload of the registration: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	if d.Certificate == nil {
		req.Header.Set("Authorization", sas.Token(d.Key, c.IDScope+"/registrations/"+d.ID, "registration", c.now().Add(tokenLife)))
	}
	// All three calls may be repeated; this lets net/http do so by itself when a
	// pooled connection turns out to be dead. An empty value is not sent.
	req.Header["Idempotency-Key"] = []string{}
	return req, nil
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now() //nolint:forbidigo // the default of the injected clock
}
