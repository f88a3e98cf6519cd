package dps

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/throttle"
	"mayfly/emulator/internal/wire"
)

// Settings are fixed for the life of a Service.
type Settings struct {
	IDScope                string
	GroupName              string
	RetryAfter             time.Duration // of every 202; below 0 the header is absent
	AssigningPolls         int           // that are answered "assigning"
	AssignAtOnce           bool          // register answers 200 assigned
	RegistrationsPerMinute int           // below 0 there is no limit
	OperationsPerMinute    int           // of polls and look-ups; below 0 there is no limit
	ClockSkew              time.Duration // how long a token is accepted after it has expired
}

// Service answers the device API of one DPS.
type Service struct {
	Settings
	fleet      *fleet.Fleet
	ids        *wire.IDs
	puts, gets *throttle.Bucket
}

// New returns the API over a fleet. Tracking ids are drawn from ids.
func New(s Settings, f *fleet.Fleet, ids *wire.IDs) *Service {
	return &Service{s, f, ids, throttle.PerMinute(s.RegistrationsPerMinute), throttle.PerMinute(s.OperationsPerMinute)}
}

// Route implements exchange.Service. The paths are those of azure-rest-api-specs DeviceProvisioningServices
// device/routes.tsp.
func (s *Service) Route(x *exchange.Exchange) exchange.Handler {
	seg := x.Segments
	if len(seg) < 3 || !strings.EqualFold(seg[1], "registrations") {
		return exchange.NotFound(s)
	}
	x.SetDevice(seg[2])
	switch {
	case len(seg) == 3:
		x.Record.Op = record.OpLookup
		return exchange.Only(x, s, http.MethodPost, s.lookup)
	case len(seg) == 4 && strings.EqualFold(seg[3], "register"):
		x.Record.Op = record.OpRegister
		return exchange.Only(x, s, http.MethodPut, s.register)
	case len(seg) == 5 && strings.EqualFold(seg[3], "operations"):
		x.Record.Op = record.OpPoll
		return exchange.Only(x, s, http.MethodGet, s.poll)
	}
	return exchange.NotFound(s)
}

// register answers PUT: 202 and an operation to poll (azure-docs iot-dps-https-sym-key-support.md).
func (s *Service) register(x *exchange.Exchange) wire.Reply {
	var req registrationRequest
	if r := s.parse(x, &req); r != nil {
		return s.Refused(x, r)
	}
	x.Record.Payload, x.Record.ModelID = req.Payload, modelOf(req.Payload)
	at, r := s.attest(x)
	if r != nil {
		return s.Refused(x, r)
	}
	if r := throttled(s.puts, x.Now); r != nil {
		return s.Refused(x, r)
	}
	polls := s.AssigningPolls
	if x.Fault != nil && x.Fault.AssigningPolls > 0 {
		polls = x.Fault.AssigningPolls
	}
	st, r := s.fleet.Register(fleet.Request{ID: x.Device, At: at, Payload: req.Payload, ModelID: x.Record.ModelID,
		Polls: polls, AtOnce: s.AssignAtOnce, Now: x.Now})
	if r != nil {
		return s.Refused(x, r)
	}
	if st.Resumed {
		x.Lenient("registered again while assigning: the same operation goes on")
	}
	if x.Fault != nil && x.Fault.State != "" {
		return s.scripted(x, st, x.Fault)
	}
	if s.AssignAtOnce {
		return s.operation(x, st)
	}
	x.Record.State = wire.StatusAssigning
	rep := jsonReply(http.StatusAccepted, operationStatus{OperationID: st.OperationID, Status: wire.StatusAssigning})
	// Location is the register URL, not the operation's (transcripts in azure-docs iot-dps-https-sym-key-support.md).
	rep.Set("Location", "https://"+x.Request.Host+x.Request.URL.EscapedPath())
	s.setRetryAfter(&rep)
	return rep
}

// poll answers the GET of an operation.
func (s *Service) poll(x *exchange.Exchange) wire.Reply {
	if r := s.parse(x, nil); r != nil {
		return s.Refused(x, r)
	}
	if _, r := s.attest(x); r != nil {
		return s.Refused(x, r)
	}
	if r := throttled(s.gets, x.Now); r != nil {
		return s.Refused(x, r)
	}
	scripted := x.Fault != nil && x.Fault.State != ""
	st, r := s.fleet.Poll(x.Device, x.Segments[4], x.Now, scripted)
	switch {
	case r != nil:
		return s.Refused(x, r)
	case scripted:
		return s.scripted(x, st, x.Fault)
	}
	return s.operation(x, st)
}

// lookup answers POST with a bare DeviceRegistrationResult (azure-rest-api-specs routes.tsp).
func (s *Service) lookup(x *exchange.Exchange) wire.Reply {
	var req registrationRequest
	if r := s.parse(x, &req); r != nil {
		return s.Refused(x, r)
	}
	if req.CSR != "" {
		return s.Refused(x, wire.Refuse(http.StatusBadRequest, 400004,
			"A certificate signing request is not allowed here."))
	}
	if _, r := s.attest(x); r != nil {
		return s.Refused(x, r)
	}
	if r := throttled(s.gets, x.Now); r != nil {
		return s.Refused(x, r)
	}
	scripted := x.Fault != nil && x.Fault.State != ""
	st, r := s.fleet.Lookup(x.Device, x.Now, scripted)
	switch {
	case r != nil:
		return s.Refused(x, r)
	case scripted:
		return s.scripted(x, st, x.Fault)
	}
	result := resultOf(st, x.Query.Get("api-version"))
	if st.Standing == fleet.Disabled {
		result = &registrationResult{RegistrationID: st.RegistrationID, Status: wire.StatusDisabled}
	}
	x.Record.State, x.Record.Hub, x.Record.ErrorCode = result.Status, result.AssignedHub, result.ErrorCode
	return jsonReply(http.StatusOK, result)
}

// operation is the answer to a poll.
func (s *Service) operation(x *exchange.Exchange, st fleet.State) wire.Reply {
	if st.Assigning {
		return s.assigning(x, st)
	}
	result := resultOf(st, x.Query.Get("api-version"))
	x.Record.State, x.Record.Hub, x.Record.ErrorCode = result.Status, result.AssignedHub, result.ErrorCode
	return jsonReply(http.StatusOK, operationStatus{OperationID: st.OperationID, Status: result.Status, State: result})
}

func (s *Service) assigning(x *exchange.Exchange, st fleet.State) wire.Reply {
	x.Record.State = wire.StatusAssigning
	rep := jsonReply(http.StatusAccepted, operationStatus{OperationID: st.OperationID, Status: wire.StatusAssigning,
		State: &registrationResult{RegistrationID: st.RegistrationID, Status: wire.StatusAssigning}})
	s.setRetryAfter(&rep)
	return rep
}

// scripted is the answer of a fault that gives a registration status.
func (s *Service) scripted(x *exchange.Exchange, st fleet.State, f *fault.Fault) wire.Reply {
	result := &registrationResult{RegistrationID: st.RegistrationID, Status: f.State, ErrorCode: f.ErrorCode,
		ErrorMessage: f.Message}
	if f.State == wire.StatusFailed {
		result.ErrorCode = cmp.Or(result.ErrorCode, 400207)
		result.ErrorMessage = cmp.Or(result.ErrorMessage, wire.DefaultText(wire.ServiceDPS, result.ErrorCode))
	}
	if f.State == wire.StatusFailed && x.Record.Op != record.OpLookup {
		s.fleet.Fail(x.Device, result.ErrorCode, result.ErrorMessage, x.Now)
	}
	if f.State == wire.StatusAssigned {
		result.AssignedHub, result.DeviceID = st.Hub, st.DeviceID
	}
	x.Record.State, x.Record.ErrorCode = result.Status, result.ErrorCode
	if x.Record.Op == record.OpLookup {
		return jsonReply(http.StatusOK, result)
	}
	status := operationStatus{OperationID: st.OperationID, Status: f.State, State: result}
	if f.State == wire.StatusAssigning {
		rep := jsonReply(http.StatusAccepted, status)
		s.setRetryAfter(&rep)
		return rep
	}
	return jsonReply(http.StatusOK, status)
}

func throttled(b *throttle.Bucket, now time.Time) *wire.Refusal {
	if wait, ok := b.Take(now); !ok {
		return wire.Throttled(wait)
	}
	return nil
}

func (s *Service) setRetryAfter(rep *wire.Reply) {
	if s.RetryAfter >= 0 {
		rep.SetRetryAfter(s.RetryAfter)
	}
}
