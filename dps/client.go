package dps

import (
	"bytes"
	"cmp"
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
	"mayfly/internal/mtls"
	"mayfly/internal/sas"
	"mayfly/internal/upstream"
)

// GlobalEndpoint is the device endpoint of the public cloud; the ID scope
// selects the instance.
const GlobalEndpoint = "global.azure-devices-provisioning.net"

const (
	apiVersion = "2021-06-01"
	tokenLife  = time.Hour
	maxAnswer  = 256 << 10 // DPS messages are 96 KB at most (azure-docs, includes/iot-dps-limits.md)
)

// The calls, as errors name them.
const (
	opLookup   = "look-up"
	opRegister = "register"
	opPoll     = "operation"
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
	// Now is the clock; time.Now when nil. Tokens expire by it.
	Now func() time.Time
	// UserAgent is sent with each call when not empty.
	UserAgent string
	// AcceptHub reports whether a host that DPS names is a hub that devices'
	// tokens may be sent to. When nil, every valid host name is.
	AcceptHub func(hub string) bool
	// Observe, when not nil, is told of each call as it begins. It may add fields to
	// header, which is the request's, and must not keep it. What it returns, when not
	// nil, is told how the call ended: res is nil where there was no answer, its body is
	// not to be read, and err is nil where the answer is one of the protocol's. Both must
	// return at once. Calls run side by side.
	Observe func(ctx context.Context, c Call, header http.Header) (ended func(res *http.Response, err *Error))
}

// Call is one call to DPS: see Client.Observe.
type Call struct {
	Op     string // look-up, register or operation (a poll)
	Device string
	Host   string // of the instance's endpoint, with its port where there is one
}

// Lookup asks where a device is assigned at present. It is not metered and needs
// no poll. A device without an assignment fails with NotAssigned.
func (c *Client) Lookup(ctx context.Context, d Device) (*Assignment, error) {
	a, res, err := c.call(ctx, opLookup, http.MethodPost, "", d)
	if err != nil {
		if err.Kind == NotEnrolled {
			err.Kind = NotAssigned
		}
		return nil, err
	}
	failed := &Error{Op: opLookup, Device: d.ID, Status: res.StatusCode}
	switch a.status() {
	case "assigned":
		return c.assigned(a, opLookup, d)
	case "disabled":
		return nil, a.refusal(failed)
	default: // failed, assigning, unassigned: no hub now
		failed.Kind = NotAssigned
		return nil, failed
	}
}

// Register asks DPS to assign the device. DPS usually answers with an operation
// to poll: see Operation.
func (c *Client) Register(ctx context.Context, d Device) (Registration, error) {
	return c.registration(ctx, opRegister, http.MethodPut, "/register", d)
}

// Operation polls a registration. DPS allows 5 such calls in 10 seconds for a
// device (azure-docs, includes/iot-dps-limits.md).
func (c *Client) Operation(ctx context.Context, d Device, operation string) (Registration, error) {
	return c.registration(ctx, opPoll, http.MethodGet, "/operations/"+url.PathEscape(operation), d)
}

func (c *Client) registration(ctx context.Context, op, method, path string, d Device) (Registration, error) {
	a, res, err := c.call(ctx, op, method, path, d)
	if err != nil {
		return Registration{}, err
	}
	failed := &Error{Op: op, Device: d.ID, Status: res.StatusCode}
	switch a.status() {
	case "assigned":
		done, err := c.assigned(a, op, d)
		if err != nil {
			return Registration{}, err
		}
		done.registered = c.now().Unix()
		return Registration{Assignment: done}, nil
	case "assigning", "unassigned":
		if a.OperationID == "" {
			failed.Kind, failed.Message = Malformed, "assigning without an operation id"
			return Registration{}, failed
		}
		return Registration{Operation: a.OperationID, RetryAfter: backoff.RetryAfter(res.Header, c.now())}, nil
	default:
		return Registration{}, a.refusal(failed)
	}
}

// assigned reads the assignment of an answer that says "assigned".
func (c *Client) assigned(a *answer, op string, d Device) (*Assignment, error) {
	failed := &Error{Op: op, Device: d.ID, Kind: Malformed, Status: http.StatusOK}
	assignment, ok := a.assignment(d.ID)
	if !ok {
		failed.Message = "assigned, but to an invalid host name"
		return nil, failed
	}
	if c.AcceptHub != nil && !c.AcceptHub(assignment.Hub) {
		failed.Message = "assigned, but to a host that is not accepted as a hub: " + upstream.Text(assignment.Hub)
		return nil, failed
	}
	return assignment, nil
}

// call makes one request and reads its answer.
func (c *Client) call(ctx context.Context, op, method, path string, d Device) (*answer, *http.Response, *Error) {
	invalid := func(err error) (*answer, *http.Response, *Error) {
		return nil, nil, &Error{Op: op, Device: d.ID, Kind: Invalid, Err: err}
	}
	req, err := c.request(ctx, method, path, d)
	if err != nil {
		return invalid(err)
	}
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if d.Certificate != nil {
		own, release, err := mtls.Transport(transport, d.Certificate)
		if err != nil {
			return invalid(err)
		}
		defer release()
		transport = own
	}
	var ended func(*http.Response, *Error)
	if c.Observe != nil {
		ended = c.Observe(ctx, Call{op, d.ID, req.URL.Host}, req.Header)
	}
	a, res, failed := c.once(transport, req, &Error{Op: op, Device: d.ID, Kind: Unavailable})
	if ended != nil {
		ended(res, failed)
	}
	return a, res, failed
}

// once sends a request and reads its answer. What is wrong with that fills failed. The answer's
// body is closed.
func (c *Client) once(transport http.RoundTripper, req *http.Request, failed *Error) (*answer, *http.Response, *Error) {
	// A transport and not an http.Client: a redirect would carry the token away.
	res, err := transport.RoundTrip(req)
	if err != nil {
		failed.Err = err
		return nil, nil, failed
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		failed.Status, failed.Err = res.StatusCode, err
		return nil, res, failed
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusAccepted {
		return nil, res, failure(failed, res, body, c.now())
	}
	a := &answer{}
	if err := json.Unmarshal(body, a); err != nil {
		// A truncated or foreign answer: the next try may get the whole of it.
		failed.Status, failed.Message = res.StatusCode, "the answer is not JSON"
		return nil, res, failed
	}
	return a, res, nil
}

// request makes the HTTP request of a call, or says what is wrong with the
// client or the device: such a call would fail again and again.
func (c *Client) request(ctx context.Context, method, path string, d Device) (*http.Request, error) {
	if err := c.validate(d); err != nil {
		return nil, err
	}
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
	resource := url.PathEscape(c.IDScope) + "/registrations/" + url.PathEscape(d.ID)
	req, err := http.NewRequestWithContext(ctx, method, c.endpoint()+"/"+resource+path+"?api-version="+apiVersion, body)
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
		signed := c.IDScope + "/registrations/" + d.ID
		req.Header.Set("Authorization", sas.Token(sas.Key(d.Key), signed, "registration", c.now().Add(tokenLife)))
	}
	// All three calls may be repeated; this lets net/http do so by itself when a
	// pooled connection turns out to be dead. An empty value is not sent.
	req.Header["Idempotency-Key"] = []string{}
	return req, nil
}

// validate refuses what net/http or DPS would refuse without regard to the
// device's enrollment.
func (c *Client) validate(d Device) error {
	switch {
	case c.IDScope == "":
		return errors.New("the ID scope is missing")
	case d.ID == "" || len(d.ID) > maxDeviceID:
		return fmt.Errorf("the registration id has %d characters: want 1 to %d", len(d.ID), maxDeviceID)
	case d.Key.IsZero() && d.Certificate == nil:
		return errors.New("the device has neither a key nor a certificate")
	case d.Certificate != nil && len(d.Certificate.Certificate) == 0:
		return errors.New("the device's certificate is empty")
	case !upstream.Printable(c.UserAgent):
		return errors.New("the user agent is not printable ASCII")
	}
	return nil
}

// endpoint is the URL of the DPS instance, without a slash at its end.
func (c *Client) endpoint() string {
	endpoint := cmp.Or(c.Endpoint, GlobalEndpoint)
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	return strings.TrimSuffix(endpoint, "/")
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now() //nolint:forbidigo // the default of the injected clock
}
