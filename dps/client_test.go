package dps_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/dps"
)

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answers(status int, body string, header ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func groupKey(t testing.TB) dps.Key {
	t.Helper()
	key, err := dps.ParseKey("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What DPS says of a registration, after the published answers of the service
// (azure-docs iot-dps-https-sym-key-support.md; azure-sdk-for-c and FreeRTOS
// middleware test data; issues of Microsoft's SDKs).
func TestRegister(t *testing.T) {
	t.Parallel()
	const id = "5.316aac5bdc130deb.b1e02da8-c3a0-4ff2-a121-7ea7a6b7f550"
	tests := []struct {
		name   string
		answer roundTrip
		want   dps.Registration // Operation and RetryAfter
		hub    string
		device string
		err    *dps.Error // Kind, Status, Code
	}{
		{"assigning", answers(202, `{"operationId":"`+id+`","status":"assigning"}`, "Retry-After", "3"),
			dps.Registration{Operation: id, RetryAfter: 3 * time.Second}, "", "", nil},
		{"assigning with a state", answers(202, `{"operationId":"o","status":"Assigning",
			"registrationState":{"registrationId":"dev-1","status":"assigning"}}`),
			dps.Registration{Operation: "o"}, "", "", nil},
		{"Retry-After as a date",
			answers(202, `{"operationId":"o","status":"assigning"}`, "Retry-After", "Sat, 21 Nov 2026 12:00:07 GMT"),
			dps.Registration{Operation: "o", RetryAfter: 7 * time.Second}, "", "", nil},
		{"unassigned is not the end", answers(200, `{"operationId":"o","status":"unassigned"}`),
			dps.Registration{Operation: "o"}, "", "", nil},
		{"assigned at once", answers(200, `{"operationId":"","status":"assigned",
			"registrationState":{"status":"assigned","assignedHub":"h.azure-devices.net","deviceId":"dev-1"}}`),
			dps.Registration{}, "h.azure-devices.net", "dev-1", nil},
		{"another device id at the hub", answers(200, `{"status":"assigned",
			"registrationState":{"assignedHub":"h.azure-devices.net","deviceId":"Pump 7"}}`),
			dps.Registration{}, "h.azure-devices.net", "Pump 7", nil},
		{"refused, as HTTP 200", answers(200, `{"operationId":"o","status":"failed",
			"registrationState":{"status":"failed","errorCode":400209,"errorMessage":"nope"}}`),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.Refused, Status: 200, Code: 400209}},
		{"disabled, as HTTP 200", answers(200, `{"operationId":"","status":"disabled",
			"registrationState":{"registrationId":"dev-1","status":"disabled"}}`),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.Disabled, Status: 200}},
		{"a word that nobody knows", answers(200, `{"operationId":"o","status":"pondering"}`),
			dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Malformed, Status: 200}},
		{"assigning without an operation", answers(202, `{"status":"assigning"}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Malformed, Status: 202}},
		{"assigned to a path",
			answers(200, `{"status":"assigned","registrationState":{"assignedHub":"evil.example/x"}}`),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.Malformed, Status: 200}},
		{"assigned to user and host",
			answers(200, `{"status":"assigned","registrationState":{"assignedHub":"a@evil.example"}}`),
			dps.Registration{}, "",
			"", &dps.Error{Kind: dps.Malformed, Status: 200}},
		{"unauthorized", answers(401, `{"errorCode":401002,"trackingId":"t","message":"Unauthorized",
			"timestampUtc":"2026-01-01T00:00:00Z"}`, "x-ms-request-id", "r"),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.Unauthorized, Status: 401, Code: 401002, TrackingID: "t"}},
		{"a tracking id in the header", answers(401, `{"errorCode":401002}`, "x-ms-request-id", "r"),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.Unauthorized, Status: 401, Code: 401002, TrackingID: "r"}},
		{"no enrollment", answers(404, `{"errorCode":404201,"message":"Resource not found."}`),
			dps.Registration{}, "", "",
			&dps.Error{Kind: dps.NotEnrolled, Status: 404, Code: 404201}},
		{"no such scope", answers(404, `{"errorCode":404000,"message":"ID scope not found."}`),
			dps.Registration{}, "", "",
			&dps.Error{Kind: dps.UnknownScope, Status: 404, Code: 404000}},
		{"no such service", answers(404, `{"message":"The Provisioning Service was not found."}`),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.UnknownScope, Status: 404}},
		{"no such instance", answers(404, `{"message":"No DPS instance of this name."}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.UnknownScope, Status: 404}},
		{"throttled", answers(429, `{"errorCode":429001,"message":"Operations are being throttled for this tenant."}`,
			"Retry-After", "5"),
			dps.Registration{}, "", "", &dps.Error{Kind: dps.Throttled, Status: 429,
				Code: 429001, RetryAfter: 5 * time.Second}},
		{"throttled, and the text says for how long",
			answers(429, `{"errorCode":429001,"message":"Throttled. Wait 10 seconds."}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Throttled, Status: 429, Code: 429001, RetryAfter: 10 * time.Second}},
		{"failed for now, and the text says for how long", answers(200, `{"status":"failed","registrationState":{
			"errorCode":429001,"errorMessage":"Throttled. Wait 10 seconds."}}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Failed, Status: 200, Code: 429001, RetryAfter: 10 * time.Second}},
		{"two at once",
			answers(409, `{"errorCode":409203,"message":"Precondition failed."}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 409, Code: 409203}},
		{"two at once, by etag", answers(412, `{}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 412}},
		{"a proxy that timed out", answers(408, `{}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 408}},
		{"the last status that is a refusal", answers(499, `{}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Invalid, Status: 499}},
		{"bad request", answers(400, `{"errorCode":400000,"message":"no"}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Invalid, Status: 400, Code: 400000}},
		{"server error without a body", answers(500, ""), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 500}},
		{"server error in HTML", answers(503, "<html>busy</html>"), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 503}},
		{"redirect", answers(302, "", "Location", "https://evil.example/"), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 302}},
		{"the last redirect", answers(399, ""), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 399}},
		{"the first status that is a refusal", answers(402, ""), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Invalid, Status: 402}},
		{"an answer that DPS does not document", answers(204, ""), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 204}},
		{"the code in another member", answers(404, `{"code":404001}`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.NotEnrolled, Status: 404, Code: 404001}},
		{"the code in a header", answers(404, ``, "x-ms-error-code", "404201"), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.NotEnrolled, Status: 404, Code: 404201}},
		{"truncated", answers(200, `{"operationId":"o","sta`), dps.Registration{}, "", "",
			&dps.Error{Kind: dps.Unavailable, Status: 200}},
		{"error code in a string",
			answers(401, `{"errorCode":"401002","message":"Unauthorized"}`), dps.Registration{}, "",
			"", &dps.Error{Kind: dps.Unauthorized, Status: 401, Code: 401002}},
		{"no answer", func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
			dps.Registration{},
			"", "", &dps.Error{Kind: dps.Unavailable}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }
			client := &dps.Client{IDScope: "0ne00000001", Transport: tt.answer, Now: now}
			got, err := client.Register(t.Context(), dps.Device{ID: "dev-1", Key: groupKey(t).Derive("dev-1")})
			var failed *dps.Error
			if errors.As(err, &failed) != (tt.err != nil) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				if failed.Kind != tt.err.Kind || failed.Status != tt.err.Status ||
					failed.Code != tt.err.Code || failed.RetryAfter != tt.err.RetryAfter ||
					failed.TrackingID != tt.err.TrackingID && tt.err.TrackingID != "" {
					t.Errorf("error %+v, want %+v", failed, tt.err)
				}
				if !strings.Contains(err.Error(), "dev-1") {
					t.Errorf("the error does not name the device: %v", err)
				}
				return
			}
			if got.Operation != tt.want.Operation || got.RetryAfter != tt.want.RetryAfter {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if (got.Assignment != nil) != (tt.hub != "") {
				t.Fatalf("assignment %v", got.Assignment)
			}
			if a := got.Assignment; a != nil && (a.Hub != tt.hub || a.DeviceID != tt.device) {
				t.Errorf("assigned to %s as %s, want %s as %s", a.Hub, a.DeviceID, tt.hub, tt.device)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer roundTrip
		hub    string
		is     error
	}{
		{"assigned, bare",
			answers(200, `{"registrationId":"dev-1","status":"assigned",
				"assignedHub":"h.azure-devices.net","deviceId":"dev-1"}`),
			"h.azure-devices.net", nil},
		{"assigned, wrapped",
			answers(200, `{"status":"assigned",
				"registrationState":{"status":"assigned","assignedHub":"h.azure-devices.net"}}`),
			"h.azure-devices.net", nil},
		{"never seen", answers(404, `{"errorCode":404202,"message":"Registration not found."}`), "", dps.NotAssigned},
		{"unassigned", answers(200, `{"status":"unassigned"}`), "", dps.NotAssigned},
		{"failed before", answers(200, `{"status":"failed","errorCode":400209}`), "", dps.NotAssigned},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := &dps.Client{IDScope: "0ne00000001", Transport: tt.answer}
			a, err := client.Lookup(t.Context(), dps.Device{ID: "dev-1", Key: groupKey(t)})
			if !errors.Is(err, tt.is) {
				t.Fatalf("error %v, want %v", err, tt.is)
			}
			if tt.is == nil && a.Hub != tt.hub {
				t.Errorf("hub %s", a.Hub)
			}
		})
	}
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	client := &dps.Client{
		IDScope: "0ne00111111", UserAgent: "test", Now: func() time.Time { return time.Unix(1663952627-3600, 0) },
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r
			body, _ = io.ReadAll(r.Body)
			return answers(202, `{"operationId":"o","status":"assigning"}`)(r)
		}),
	}
	key, err := dps.ParseKey("18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA==")
	if err != nil {
		t.Fatal(err)
	}
	device := dps.Device{ID: "my-symkey-device", Key: key, Payload: []byte(`{"modelId":"dtmi:x;1"}`)}
	if _, err := client.Register(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"method": {got.Method, "PUT"},
		"URL": {got.URL.String(), "https://global.azure-devices-provisioning.net" +
			"/0ne00111111/registrations/my-symkey-device/register?api-version=2021-06-01"},
		"authorization": {got.Header.Get("Authorization"),
			"SharedAccessSignature sr=0ne00111111%2Fregistrations%2Fmy-symkey-device" +
				"&sig=8VPprb8BiTkuVE0hBqHm%2FSVrzVpdD8VZcXugntdbhuU%3D&se=1663952627&skn=registration"},
		"content type": {got.Header.Get("Content-Type"), "application/json; charset=utf-8"},
		"user agent":   {got.Header.Get("User-Agent"), "test"},
		"body":         {string(body), `{"registrationId":"my-symkey-device","payload":{"modelId":"dtmi:x;1"}}`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s\n got %s\nwant %s", what, pair[0], pair[1])
		}
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
	key, err := dps.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	transport := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("dial failed") })
	client := &dps.Client{IDScope: "0ne", Endpoint: "https://127.0.0.1:1", Transport: transport}
	_, err = client.Register(t.Context(), dps.Device{ID: "dev-1", Key: key})
	if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "sig=") {
		t.Errorf("error: %v", err)
	}
}

// Whatever DPS answers, the client gives a typed error or a registration that
// can be used.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"operationId":"o","status":"assigning"}`, `[]`, `null`, `{"status":5}`,
		`{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`,
		`{"errorCode":401002,"message":"Unauthorized"}`, `{"status":"failed","registrationState":{"errorCode":"x"}}`,
	} {
		f.Add(200, seed, "3")
		f.Add(404, seed, "")
	}
	key := groupKey(f)
	f.Fuzz(func(t *testing.T, status int, body, retryAfter string) {
		client := &dps.Client{IDScope: "s", Transport: answers(status, body, "Retry-After", retryAfter)}
		reg, err := client.Register(context.Background(), dps.Device{ID: "d", Key: key})
		var failed *dps.Error
		if err != nil && (!errors.As(err, &failed) || failed.Kind == 0) {
			t.Fatalf("an error without a kind: %v", err)
		}
		if err == nil && reg.Assignment == nil && reg.Operation == "" {
			t.Fatal("neither an assignment nor an operation")
		}
		if reg.Assignment != nil && (reg.Assignment.Hub == "" || strings.ContainsAny(reg.Assignment.Hub, "/@?# \\")) {
			t.Errorf("hub %q", reg.Assignment.Hub)
		}
		if reg.RetryAfter < 0 {
			t.Errorf("Retry-After %d", reg.RetryAfter)
		}
	})
}
