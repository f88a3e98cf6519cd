package emulator

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	maxRegistrationBytes = 96 << 10 // azure-docs includes/iot-dps-limits.md: message size
	maxRegistrationID    = 128
	preview              = "2025-07-01-preview" // the first api-version with csr (azure-rest-api-specs DeviceProvisioningServices models.tsp)
)

// routeDPS knows the paths of azure-rest-api-specs DeviceProvisioningServices device/routes.tsp.
func (c *call) routeDPS() func(*call) reply {
	s := c.seg
	if len(s) < 3 || !strings.EqualFold(s[1], "registrations") {
		return (*call).notFound
	}
	c.device, c.rec.Device = s[2], clip(s[2], maxRegistrationID)
	switch {
	case len(s) == 3:
		c.rec.Op = OpLookup
		return c.only(http.MethodPost, (*call).lookup)
	case len(s) == 4 && strings.EqualFold(s[3], "register"):
		c.rec.Op = OpRegister
		return c.only(http.MethodPut, (*call).register)
	case len(s) == 5 && strings.EqualFold(s[3], "operations"):
		c.rec.Op = OpPoll
		return c.only(http.MethodGet, (*call).poll)
	}
	return (*call).notFound
}

func (c *call) only(method string, h func(*call) reply) func(*call) reply {
	if c.r.Method != method {
		return (*call).wrongMethod
	}
	return h
}

// registrationRequest is DeviceRegistration of azure-rest-api-specs DeviceProvisioningServices models.tsp.
type registrationRequest struct {
	RegistrationID *string         `json:"registrationId"`
	Payload        json.RawMessage `json:"payload"`
	TPM            json.RawMessage `json:"tpm"`
	CSR            string          `json:"csr"`
}

// register answers PUT: 202 and an operation to poll (azure-docs iot-dps-https-sym-key-support.md).
func (c *call) register() reply {
	var req registrationRequest
	if r := c.dpsRequest(&req); r != nil {
		return c.refused(r)
	}
	c.rec.Payload, c.rec.ModelID = req.Payload, modelOf(req.Payload)
	at, r := c.attest(c.device)
	if r != nil {
		return c.refused(r)
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.puts.refusal(c.now); r != nil {
		return c.refused(r)
	}
	d, r := e.known(c.device)
	if r != nil {
		return c.refused(r)
	}
	if r := d.checkKeyUse(at, e.cfg.OneUseKey); r != nil {
		return c.refused(r)
	}
	if d.refusal != nil {
		return c.refused(d.refusal)
	}
	e.begin(d, at, req.Payload, c)
	if e.cfg.AssignAtOnce {
		d.op.polls, d.op.ready = 0, c.now
		return c.operation(d)
	}
	rep := c.json(http.StatusAccepted, operationStatus{OperationID: d.op.id, Status: statusAssigning})
	c.rec.State = statusAssigning
	// Location is the register URL, not the operation's (transcripts in azure-docs iot-dps-https-sym-key-support.md).
	rep.set("Location", "https://"+c.r.Host+c.r.URL.EscapedPath())
	c.retryAfter(&rep)
	return rep
}

// poll answers the operation's GET.
func (c *call) poll() reply {
	if r := c.dpsRequest(nil); r != nil {
		return c.refused(r)
	}
	if _, r := c.attest(c.device); r != nil {
		return c.refused(r)
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.gets.refusal(c.now); r != nil {
		return c.refused(r)
	}
	d := e.devices[strings.ToLower(c.device)]
	if d == nil || d.op.id == "" || d.op.id != c.seg[4] {
		return c.refused(refuse(http.StatusNotFound, 404202, "Operation not found."))
	}
	if r := d.pollTooOften(c.now, e.cfg.PollsPerTenSeconds); r != nil {
		return c.refused(r)
	}
	if f := c.fault; f != nil && f.State != "" {
		return c.scripted(d, f)
	}
	return c.operation(d)
}

// operation is the answer to a poll.
func (c *call) operation(d *device) reply {
	e := c.e
	if d.op.active && (d.op.polls > 0 || c.now.Before(d.op.ready)) {
		d.op.polls = max(0, d.op.polls-1)
		c.rec.State = statusAssigning
		rep := c.json(http.StatusAccepted, operationStatus{OperationID: d.op.id, Status: statusAssigning,
			State: &registrationState{RegistrationID: d.registrationID, Status: statusAssigning}})
		c.retryAfter(&rep)
		return rep
	}
	e.settle(d, c.now)
	st := e.stateOf(d, c.query.Get("api-version"))
	c.rec.State, c.rec.Hub, c.rec.ErrorCode = st.Status, st.AssignedHub, st.ErrorCode
	return c.json(http.StatusOK, operationStatus{OperationID: d.op.id, Status: st.Status, State: st})
}

// scripted is the answer of a fault that names a registration status.
func (c *call) scripted(d *device, f *Fault) reply {
	st := &registrationState{RegistrationID: d.registrationID, Status: f.State, ErrorCode: f.ErrorCode, ErrorMessage: f.Message}
	if f.State == statusFailed && st.ErrorCode == 0 {
		st.ErrorCode, st.ErrorMessage = 400207, usualText(ServiceDPS, 400207)
	}
	if f.State == statusAssigned {
		st.AssignedHub, st.DeviceID = d.reg.hub, d.deviceID
	}
	c.rec.State, c.rec.ErrorCode = st.Status, st.ErrorCode
	if c.rec.Op == OpLookup {
		return c.json(http.StatusOK, st)
	}
	if f.State == statusAssigning {
		rep := c.json(http.StatusAccepted, operationStatus{OperationID: d.op.id, Status: f.State, State: st})
		c.retryAfter(&rep)
		return rep
	}
	return c.json(http.StatusOK, operationStatus{OperationID: d.op.id, Status: f.State, State: st})
}

// lookup answers POST with a bare DeviceRegistrationResult (azure-rest-api-specs routes.tsp).
func (c *call) lookup() reply {
	var req registrationRequest
	if r := c.dpsRequest(&req); r != nil {
		return c.refused(r)
	}
	if req.CSR != "" {
		return c.refused(refuse(http.StatusBadRequest, 400004, "A certificate signing request is not allowed here."))
	}
	if _, r := c.attest(c.device); r != nil {
		return c.refused(r)
	}
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.gets.refusal(c.now); r != nil {
		return c.refused(r)
	}
	d := e.devices[strings.ToLower(c.device)]
	if d == nil {
		return c.refused(refuse(http.StatusNotFound, 404202, "Registration not found."))
	}
	if d.refusal != nil {
		return c.refused(d.refusal)
	}
	if f := c.fault; f != nil && f.State != "" {
		return c.scripted(d, f)
	}
	e.settle(d, c.now)
	if d.reg.status == "" && !d.op.active {
		return c.refused(refuse(http.StatusNotFound, 404202, "Registration not found."))
	}
	st := e.stateOf(d, c.query.Get("api-version"))
	if d.standing == Disabled {
		st = &registrationState{RegistrationID: d.registrationID, Status: statusDisabled}
	}
	c.rec.State, c.rec.Hub, c.rec.ErrorCode = st.Status, st.AssignedHub, st.ErrorCode
	return c.json(http.StatusOK, st)
}

// dpsRequest checks what all three operations have in common; into is nil where the body has no meaning (Node sends {}
// with its GET, azure-iot-sdk-node provisioning/transport/http).
func (c *call) dpsRequest(into *registrationRequest) *Refusal {
	if r := c.readBody(maxRegistrationBytes); r != nil {
		return r
	}
	if c.query.Get("api-version") == "" {
		return refuse(http.StatusBadRequest, 400000, "The api-version query parameter is missing.")
	}
	if !strings.EqualFold(c.seg[0], c.e.cfg.IDScope) {
		return refuse(http.StatusNotFound, 404201, "The ID scope %s does not exist.", clip(c.seg[0], 32))
	}
	if !validRegistrationID(c.device) {
		return refuse(http.StatusBadRequest, 400004, "The registration ID is invalid.")
	}
	if into == nil {
		return nil
	}
	if c.tooBig {
		return refuse(http.StatusBadRequest, 400004, "The request is over %d bytes.", maxRegistrationBytes)
	}
	switch ct := c.r.Header.Get("Content-Type"); {
	case ct == "":
		c.lenient("no Content-Type")
	default:
		if t, _, err := mime.ParseMediaType(ct); err != nil || t != "application/json" {
			return refuse(http.StatusUnsupportedMediaType, 415000, "The content type %q is not supported.", clip(ct, 64))
		}
	}
	return c.parseRegistration(into)
}

func (c *call) parseRegistration(into *registrationRequest) *Refusal {
	if len(c.body) == 0 {
		return refuse(http.StatusBadRequest, 400004, "The request body is missing.")
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return refuse(http.StatusBadRequest, 400004, "The request body is not a device registration: %v", err)
	}
	switch {
	case into.RegistrationID == nil:
		c.lenient("no registrationId in the body")
	case !strings.EqualFold(*into.RegistrationID, c.device):
		return refuse(http.StatusBadRequest, 400004, "The registration ID of the body is not that of the path.")
	}
	switch p := strings.TrimSpace(string(into.Payload)); {
	case p == "" || p == "null":
		into.Payload = nil
	case p[0] != '{':
		c.lenient("payload is not a JSON object")
	}
	if into.CSR != "" && c.query.Get("api-version") < preview {
		c.lenient("csr in an api-version that has none")
	}
	return nil
}

// validRegistrationID follows azure-docs iot-dps concepts-service.md.
func validRegistrationID(id string) bool {
	if id == "" || len(id) > maxRegistrationID {
		return false
	}
	for i := range len(id) {
		if !alphanumeric(id[i]) && !strings.ContainsRune("-._:", rune(id[i])) {
			return false
		}
	}
	last := id[len(id)-1]
	return alphanumeric(last) || last == '-'
}

func alphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// modelOf finds the model in a registration's payload (azure-docs iot-central concepts-device-templates.md; the older
// name is that of iotc-device-bridge).
func modelOf(payload json.RawMessage) string {
	var p struct {
		ModelID     string `json:"modelId"`
		IotcModelID string `json:"iotcModelId"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return ""
	}
	if p.ModelID != "" {
		return p.ModelID
	}
	return p.IotcModelID
}

func (c *call) retryAfter(rep *reply) {
	if d := c.e.cfg.RetryAfter; d >= 0 {
		rep.set("Retry-After", seconds(d.Truncate(time.Second)))
	}
}
