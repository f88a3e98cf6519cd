package function

import (
	"cmp"
	"net/http"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/destination"
	"mayfly/function/internal/method"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/reverse"
	"mayfly/function/internal/routehint"
	"mayfly/function/internal/state"
	"mayfly/function/internal/workroom"
	"mayfly/transform/answer"
	"mayfly/transform/message"
)

// newRoutes makes the table of routes. Methods are checked by the routes
// themselves, so that a wrong one gets a problem as its answer.
func (s *Service) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.health)
	mux.HandleFunc("/healthz", s.health)
	mux.HandleFunc("/readyz", s.health)
	if s.config.Host == platform.Server && s.metrics != nil {
		mux.HandleFunc("/metrics", s.showMetrics)
	}
	s.contractRoutes(mux)
	for _, rt := range []struct {
		patterns []string
		route    route
	}{
		{[]string{"/api/telemetry", "/api/telemetry/{$}"},
			route{"telemetry", method.Only(http.MethodPost), s.chooseNative}},
		{[]string{"/api/IoTCIntegration", "/api/iotcintegration"},
			route{"telemetry", method.Only(http.MethodPost, http.MethodGet), s.chooseBridge}},
		{[]string{"/api/devices/{deviceId}/telemetry", "/api/devices/{deviceId}/telemetry/{$}"},
			route{"device", method.Device(s.config.DeviceGet), s.chooseDevice}},
		{[]string{"/api/devices/{deviceId}/commands/{commandId}"},
			route{"device", method.Only(http.MethodPost), s.chooseResult}},
		{[]string{"/api/ingest"},
			route{"", method.Only(http.MethodPost, http.MethodGet, http.MethodPut), s.chooseDetected}},
		{[]string{"/api/downlink/{source}"}, route{"", method.Only(http.MethodPost), s.chooseEvents}},
		{[]string{"/api/{source}", "/api/{source}/{rest...}"}, route{"", s.sourceMethods, s.chooseNamed}},
	} {
		for _, pattern := range rt.patterns {
			mux.HandleFunc(pattern, s.ingest(rt.route))
		}
	}
	mux.HandleFunc("/", s.unserved)
	return mux
}

// health answers cheaply: the Functions host asks for / every 25 ms while it
// starts the process.
func (s *Service) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.refuse(w, r, &problem.Error{Code: problem.MethodNotAllowed, Allow: "GET, HEAD",
			Detail: "use GET; " + routehint.Routes})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	text, ready := "", true
	if r.URL.Path == "/readyz" {
		text, ready = s.tables.Ready()
		if s.durable != nil {
			more, up := s.durable.Describe()
			text, ready = text+more, ready && (up || s.config.Mode("telemetry") != queue.ModeAlways)
		}
		text += state.Ready(s.state)
	}
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte("mayfly\n" + text))
}

// route is one way in for messages.
type route struct {
	source  string      // empty: the path or the body says it
	methods method.Func // that it takes
	choose  chooseFunc  // how the body is to be read
}

// ingest is the one place that shows which steps a request with messages takes.
// Beside each stands what it may answer; out of time (504) and a bug (500) are
// possible anywhere.
func (s *Service) ingest(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if destination.AnswerHandshake(w, r) { // 200: a sender of CloudEvents asks first
			return
		}
		rec := recordOf(r.Context())
		if r.Method == http.MethodGet {
			w.Header().Set("Cache-Control", "no-store") // it sends a message each time
		}
		if r = s.listen(r, rec); s.answerPublicProbe(w, r) { // as the source says
			return
		}
		refused := func(err error) bool {
			if err != nil {
				s.refuse(w, r, err)
			}
			return err != nil
		}
		if refused(s.origins.Check(r)) { // 403
			return
		}
		caller, err := s.auth.Authenticate(r, reverse.Named(r, rt.source)) // 401 403 429 503
		rec.caller = caller
		if refused(err) {
			return
		}
		r = s.startSpan(r, rec)
		probe := probeOf(r, rec)
		if probe == nil && refused(method.Check(r, rt.methods)) { // 404 405
			return
		}
		lease := s.load.working.Open(caller != nil || s.config.Auth != policy.ModeKeys)
		defer lease.Close()
		body, err := s.readBody(w, r, caller, lease) // 400 413 415 503
		if refused(err) {
			return
		}
		if probe != nil {
			s.answerProbe(w, r, probe, body)
			return
		}
		place, err := s.tenancy.Enter(caller) // 503
		if refused(err) {
			return
		}
		defer place.Leave()
		how, err := rt.choose(r, s.transformRequest(r, body, rec, lease)) // 400 404 413 415 422 503
		rec.source, rec.speaks = how.source, how.mapped
		if refused(err) {
			return
		}
		proof, err := s.auth.Verify(r, caller, how.source, how.body(s.auth.Signed(how.source))) // 401 403 503
		if refused(err) {
			return
		}
		rec.caller, rec.settle = cmp.Or(caller, proof.Signer), proof.Settle
		lease.Known()
		if caller == nil && refused(s.tenancy.JoinCaller(place, proof.Signer)) { // 503
			return
		}
		s.auth.WithoutUnsigned(how.source, how.request)
		if how.mapped != nil && destination.IsCheck(r) {
			s.confirmer.Confirm(r, body)
		}
		if how.back != nil && destination.AnswerValidation(w, r, body) { // 200: Event Grid asks first
			return
		}
		ctx, step := rec.span.Step(r.Context(), "decode")
		d, err := s.decode(ctx, &how) // 400 413 415 422 503
		step.End(err)
		rec.ignored, rec.reasons, rec.messages = d.ignored, d.reasons, d.messages
		rec.secrets = message.SecretIDs(d.messages)
		rec.span.Decoded(d.messages, rec.secrets)
		s.note(r.Context(), rec, d.notes)
		if err != nil {
			s.reject(w, r, &d, err)
			return
		}
		workroom.Settle(lease, body, d.messages)
		if refused(s.checkCount(len(d.items))) { // 413
			return
		}
		if err := s.authorize(&d, rec.caller, proof.Signer); err != nil { // 403 422
			s.failAs(w, r, &d, &answer.Report{Class: answer.Refused, Refused: len(d.items)}, s.problem(r, err))
			return
		}
		if refused(s.tenancy.JoinFleets(place, rec.caller, d.source, d.messages)) { // 503
			return
		}
		if d.back != nil {
			s.pushBack(r.Context(), &d) // 404 422 502 503
			s.answer(w, r, &d)
			return
		}
		if refused(s.reduce(&d)) { // 413 503
			return
		}
		defer s.enrich(r, &d)() // 422 502 504, of single messages
		s.fit(r.Context(), &d)  // 422, of single messages
		delivery.Identify(d.messages, r.Header.Get("Idempotency-Key"))
		rec.span.Stamp(d.messages)
		d.checkSizes() // 413
		s.deliver(r.Context(), &d)
		s.answer(w, r, &d)
	}
}
