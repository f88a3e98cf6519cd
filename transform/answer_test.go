package transform_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
	"mayfly/transform/answer"
	"mayfly/transform/message"
)

// answering makes a source with an answer.
func answering(t *testing.T, answer string) (*transform.Source, error) {
	t.Helper()
	tr := transform.New()
	list := definitions(t, "sources:\n  - name: mine\n    each: '.m[]'\n    deviceId: .id\n    measurements: .\n"+answer)
	if err := tr.Add("my.yaml", list, fstest.MapFS{}); err != nil {
		return nil, err
	}
	source, err := tr.Source("mine")
	if err != nil {
		t.Fatal(err)
	}
	return source, nil
}

// An answer is made of the request and of what became of it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const accepted = `    answer:
      status: if $outcome.delivered > 0 then 201 else 200 end
      headers: {X-Team: $request.query.team, X-None: 'null', x-count: '$outcome.delivered + $outcome.ignored'}
      json: '{Y: [], N: [.m[$outcome.parts[].index].handle]}'
      partial: {status: 200, text: '"pass " + .id + "; " + $outcome.summary'}
      refused: {status: '$outcome.parts | length + 400'}
      error: {contentType: text/xml, body: <no/>}
`
	part := answer.Part{Index: 1, DeviceID: "d", MessageID: "m", Values: 2, Status: 200}
	wrong := answer.Part{Index: 0, Line: 3, Status: 400, Code: "malformed-body", Detail: "line 3: no"}
	blocked := answer.Part{Index: 2, DeviceID: "dev-9", Status: 403, Code: "device-refused", Detail: "blocked"}
	tests := []struct {
		name, answer string
		report       answer.Report
		want         answer.Replied
	}{
		{"all is stored", accepted, answer.Report{Delivered: 1, Ignored: 2, Parts: []answer.Part{part}},
			answer.Replied{Status: 201, ContentType: "application/json", Header: map[string]string{"X-Team": "t", "X-Count": "3"},
				Body: []byte(`{"N":[8],"Y":[]}` + "\n")}},
		{"a part", accepted, answer.Report{Class: answer.Partial, Delivered: 1, Refused: 2,
			Parts: []answer.Part{wrong, part, blocked}},
			answer.Replied{Status: 200, ContentType: "text/plain; charset=utf-8", Body: []byte("pass r1; line 3: no; dev-9: blocked")}},
		{"nothing", accepted, answer.Report{Class: answer.Refused, Refused: 1, Status: 403, Parts: []answer.Part{blocked}},
			answer.Replied{Status: 401, ContentType: "text/xml", Body: []byte("<no/>")}},
		{"a failure", accepted, answer.Report{Class: answer.Error, Status: 503},
			answer.Replied{ContentType: "text/xml", Body: []byte("<no/>")}},
		{"a part, as if all was stored", "    answer: {status: 202}\n", answer.Report{Class: answer.Partial},
			answer.Replied{Status: 202}},
		{"Mayfly's own", "", answer.Report{Class: answer.Refused, Status: 422}, answer.Replied{}},
	}
	request := &message.Request{Body: []byte(`{"id":"r1","m":[{"handle":7},{"handle":8},{"handle":9}]}`),
		Query: map[string][]string{"team": {"t"}}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source, err := answering(t, tt.answer)
			if err != nil {
				t.Fatal(err)
			}
			got, err := source.Reply(t.Context(), request, &tt.report)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An expression that fails, does not end or gives too much leaves Mayfly's own answer.
func TestAnswersThatFail(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"an error":         {"json: error", "answer.json"},
		"a loop":           {"json: 'def f: f; f'", "takes longer"},
		"too large":        {`text: '"x" * 70000'`, "64 KiB"},
		"several values":   {"json: .m[]", "2 values"},
		"no text":          {"text: .m", "must give a string"},
		"no status":        {"status: .id", "must give a status"},
		"no such status":   {"status: 500 + 1", "from 200 to 299"},
		"a header's error": {"headers: {X-A: error}", "answer.headers.X-A"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, err := answering(t, "    answer:\n      "+tt.answer+"\n")
			if err != nil {
				t.Fatal(err)
			}
			request := &message.Request{Body: []byte(`{"id":"r1","m":[{},{}]}`)}
			got, err := source.Reply(t.Context(), request, &answer.Report{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !cmp.Equal(got, answer.Replied{}) {
				t.Errorf("%v, %+v, want %q", err, got, tt.want)
			}
		})
	}
}

// A header holds one line of ASCII, whatever an expression gives.
func TestAnswerHeaders(t *testing.T) {
	t.Parallel()
	source, err := answering(t, "    answer:\n      headers: {X-A: .id}\n")
	if err != nil {
		t.Fatal(err)
	}
	request := &message.Request{Body: []byte(`{"id":"a\r\nSet-Cookie: x=é` + strings.Repeat("y", 2000) + `"}`)}
	got, err := source.Reply(t.Context(), request, &answer.Report{})
	header := got.Header["X-A"]
	if err != nil || !strings.HasPrefix(header, "a  Set-Cookie: x=  y") || len(header) != 1024 {
		t.Errorf("%v, %q", err, header)
	}
}

// What an answer cannot mean is refused at the start.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"a failure for success":      {"    answer: {status: 500}\n", "from 200 to 299"},
		"a retry of what never can":  {"    answer: {partial: {status: 429}}\n", "ask for a retry"},
		"a server's fault":           {"    answer: {refused: {status: 503}}\n", "from 200 to 499"},
		"success for a failure":      {"    answer: {error: {status: 200}}\n", "from 400 to 599"},
		"two bodies":                 {"    answer: {body: x, json: .}\n", "exclude one another"},
		"a header of the connection": {"    answer: {headers: {Content-Length: '1'}}\n", "cannot be set here"},
		"no header":                  {"    answer: {headers: {'X A': '1'}}\n", "cannot be set here"},
		"no such variable":           {"    answer: {json: $outcom}\n", "variable not defined"},
		"no such variable elsewhere": {"    ignore: $outcome\n", "variable not defined"},
		"both ways":                  {"    onReject: accept\n    answer: {partial: {status: 400}}\n", "leave out"},
		"a probe without a path":     {"    probes: [{answer: {status: 204}}]\n", "path is what follows"},
		"a probe of no method":       {"    probes: [{path: ping, methods: [FETCH]}]\n", "FETCH"},
		"a probe's error":            {"    probes: [{path: ping, answer: {json: '('}}]\n", "probes.ping.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := answering(t, tt.answer); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// A source takes the answers and probes of the one that it is from, each by itself.
func TestAnswersAreInherited(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	list := definitions(t, "sources:\n  - {name: mine, from: influx, answer: {partial: {status: 422, body: x}}}\n")
	if err := tr.Add("my.yaml", list, fstest.MapFS{}); err != nil {
		t.Fatal(err)
	}
	source, err := tr.Source("mine")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := source.Reply(t.Context(), &message.Request{}, &answer.Report{}); err != nil || got.Status != 204 {
		t.Errorf("%v, %+v", err, got)
	}
	got, err := source.Reply(t.Context(), &message.Request{}, &answer.Report{Class: answer.Partial})
	if err != nil || got.Status != 422 || string(got.Body) != "x" {
		t.Errorf("%v, %+v", err, got)
	}
	probe := source.Probe("GET", "ping")
	if probe == nil || source.Probe("POST", "ping") != nil || source.Probe("GET", "") != nil {
		t.Fatal("no probe")
	}
	if got, err := source.ReplyProbe(t.Context(), &message.Request{Method: "GET"}, probe.Path); err != nil || got.Status != 204 {
		t.Errorf("%v, %+v", err, got)
	}
}

// Trackers send a refused position again for ever: what no operator can repair is acknowledged,
// and the rest keeps the problem's own status, which is 0 here.
func TestOsmAndAnswers(t *testing.T) {
	t.Parallel()
	source, err := transform.New().Source("osmand")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name         string
		status, want int
	}{
		{"body that cannot be read", 400, 200},
		{"message too large for the hub", 413, 200},
		{"position without an id", 422, 200},
		{"device not approved yet", 403, 0},
		{"key of the bridge is wrong", 502, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := source.Reply(t.Context(), &message.Request{},
				&answer.Report{Class: answer.Refused, Refused: 1, Status: tt.status})
			want := answer.Replied{Status: tt.want, ContentType: "text/plain", Body: []byte("\n")}
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("want %v, got %v, %v", want, got, err)
			}
		})
	}
}

// A sender that waits for its own server's answer, or for exactly 200, is not told 202 by a queue.
func TestImitatedAnswersHaveAStatus(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		own := source.Answer.Body != "" || !source.Answer.JSON.IsZero() || !source.Answer.Text.IsZero()
		strict := strings.Contains(source.Resends, "answered 200") || strings.Contains(source.Resends, "answered exactly")
		if (own || strict) && source.Answer.Status.IsZero() {
			t.Errorf("%s: the answer has no status: a queue makes 202 of it", name)
		}
	}
}
