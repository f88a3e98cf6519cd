package emulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// token signs sr as it is: the test decides how it is encoded.
func token(tb testing.TB, key, sr string, se int64, rest string) string {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		tb.Fatal(err)
	}
	m := hmac.New(sha256.New, raw)
	fmt.Fprintf(m, "%s\n%d", sr, se)
	return fmt.Sprintf("SharedAccessSignature sr=%s&sig=%s&se=%d%s", sr,
		url.QueryEscape(base64.StdEncoding.EncodeToString(m.Sum(nil))), se, rest)
}

// symkeyDevice is the key of the device in those documents.
const symkeyDevice = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="

// TestPublishedVectors compares keys and signatures with those of Microsoft's documents and SDKs.
func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	t.Run("derived key of azure-docs concepts-symmetric-key-attestation.md", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{
			GroupKey: "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="})
		const id, want = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
		if got := e.DeviceKey(id); got != want {
			t.Error(got)
		}
	})
	t.Run("hub token of azure-docs iot-dps-https-sym-key-support.md", func(t *testing.T) {
		t.Parallel()
		const hub = "MyExampleHub.azure-devices.net"
		e := newEmulator(t, emulator.Config{Hubs: []string{hub},
			Now:         func() time.Time { return time.Unix(1663119026-60, 0) },
			Enrollments: []emulator.Enrollment{{RegistrationID: "my-symkey-device", PrimaryKey: symkeyDevice}},
		})
		e.Provision("my-symkey-device", "")
		d := newDevice(t, e, "my-symkey-device")
		a := d.must(d.hub(http.MethodPost, hub, "/messages/events",
			map[string]string{"Authorization": "SharedAccessSignature " +
				"sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device" +
				"&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026"}, "{}"))
		if a.status != 204 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	for name, sr := range map[string][2]string{
		"encoded": {"0ne00111111%2Fregistrations%2Fmy-symkey-device",
			"8VPprb8BiTkuVE0hBqHm%2FSVrzVpdD8VZcXugntdbhuU%3D"},
		"as Node sends it": {"0ne00111111/registrations/my-symkey-device",
			"nywv584Rsikp8eagkd4XnrDkLPXMGakB0DWzqcS0hPQ%3D"},
		"lower-case percent": {"0ne00111111%2fregistrations%2fmy-symkey-device",
			"6GqlY2Tr8xDlSYE04oQcdEH7vznSt2LcTUobz9BmpAY%3D"},
	} {
		t.Run("DPS token "+name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{IDScope: "0ne00111111",
				Now:         func() time.Time { return time.Unix(1663952627-60, 0) },
				Enrollments: []emulator.Enrollment{{RegistrationID: "my-symkey-device", PrimaryKey: symkeyDevice}},
			})
			d := newDevice(t, e, "my-symkey-device")
			a := d.must(d.do(http.MethodPut,
				dpsHost+"0ne00111111/registrations/my-symkey-device/register?api-version=2019-03-31", map[string]string{
					"Content-Type": "application/json; charset=utf-8",
					"Authorization": "SharedAccessSignature sr=" + sr[0] + "&sig=" + sr[1] +
						"&skn=registration&se=1663952627",
				}, d.body()))
			if a.status != 202 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	const scope = emulator.DefaultIDScope
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	soon := now.Add(time.Hour).Unix()
	e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
	key := e.DeviceKey("Dev-1")
	good := token(t, key, scope+"%2Fregistrations%2FDev-1", soon, "&skn=registration")
	type request struct {
		method, path, query, ct, auth, body string
		status                              int
		code, message                       string
		lenient                             string
	}
	base := request{http.MethodPut, "/" + scope + "/registrations/Dev-1/register", "?api-version=2021-06-01",
		"application/json", good, `{"registrationId":"Dev-1","payload":{"modelId":"dtmi:a:b;1"}}`, 202, "", "", ""}
	with := func(change func(*request)) request { r := base; change(&r); return r }
	bad := func(change func(*request), status int, code string) request {
		return with(func(r *request) { change(r); r.status, r.code = status, code })
	}
	auth := func(token string) func(*request) { return func(r *request) { r.auth = token } }
	denied := func(token string) request {
		r := bad(auth(token), 401, "401002")
		r.message = "Unauthorized"
		return r
	}
	const (
		own   = scope + "%2Fregistrations%2FDev-1"
		plain = scope + "/registrations/Dev-1"
		skn   = "&skn=registration"
	)
	for name, r := range map[string]request{
		"as documented":           base,
		"charset in the type":     with(func(r *request) { r.ct = "application/json; charset=utf-8" }),
		"id in another case":      with(func(r *request) { r.body = `{"registrationId":"dev-1"}` }),
		"sr in another case":      with(auth(token(t, key, "0NE00000001%2Fregistrations%2FDEV-1", soon, skn))),
		"fields in another order": with(auth("SharedAccessSignature " + reversed(good))),
		"no type":                 with(func(r *request) { r.ct, r.lenient = "", "no Content-Type" }),
		"no id in the body":       with(func(r *request) { r.body, r.lenient = `{}`, "no registrationId in the body" }),
		"key of the lower-case id": with(func(r *request) {
			r.auth = token(t, e.DeviceKey("dev-1"), plain, soon, skn)
			r.lenient = "key derived from the lower-case id"
		}),
		"unknown field in token": with(func(r *request) { r.auth += "&x=y"; r.lenient = "unknown field in the token" }),
		"no token":               denied(""),
		"not a token":            denied("Bearer x"),
		"group key itself":       denied(token(t, emulator.DefaultGroupKey, own, soon, skn)),
		"another device's key":   denied(token(t, e.DeviceKey("dev-2"), own, soon, skn)),
		"another device's sr":    denied(token(t, key, scope+"%2Fregistrations%2Fdev-2", soon, skn)),
		"expired":                denied(token(t, key, own, now.Unix(), skn)),
		"no skn":                 denied(token(t, key, own, soon, "")),
		"other skn":              denied(token(t, key, own, soon, "&skn=device")),
		"decoded sr was signed":  denied(strings.Replace(token(t, key, plain, soon, skn), plain, own, 1)),
		"field twice":            denied(good + "&se=1"),
		"no api-version":         bad(func(r *request) { r.query = "" }, 400, "400000"),
		"unknown scope": bad(func(r *request) {
			r.path = "/0ne0000FFFF/registrations/Dev-1/register"
		}, 404, "404201"),
		"invalid id": bad(func(r *request) {
			r.path = "/" + scope + "/registrations/dev.1./register"
		}, 400, "400004"),
		"id of 129": bad(func(r *request) {
			r.path = "/" + scope + "/registrations/" + strings.Repeat("a", 129) + "/register"
		}, 400, "400004"),
		"other method":              bad(func(r *request) { r.method = http.MethodPost }, 405, "405000"),
		"other path":                bad(func(r *request) { r.path += "/now" }, 404, "404000"),
		"other media type":          bad(func(r *request) { r.ct = "text/plain" }, 415, "415000"),
		"no body":                   bad(func(r *request) { r.body = "" }, 400, "400004"),
		"body is not an object":     bad(func(r *request) { r.body = "[]" }, 400, "400004"),
		"body ends early":           bad(func(r *request) { r.body = `{"registrationId":"Dev-1"` }, 400, "400004"),
		"id of another in the body": bad(func(r *request) { r.body = `{"registrationId":"dev-2"}` }, 400, "400004"),
		"body over 96 KB": bad(func(r *request) {
			r.body = `{"registrationId":"Dev-1","payload":{"x":"` + strings.Repeat("x", 96<<10) + `"}}`
		}, 400, "400004"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
			d := newDevice(t, e, "Dev-1")
			h := map[string]string{}
			if r.ct != "" {
				h["Content-Type"] = r.ct
			}
			if r.auth != "" {
				h["Authorization"] = r.auth
			}
			a := d.must(d.do(r.method, strings.TrimSuffix(dpsHost, "/")+r.path+r.query, h, r.body))
			c := e.Calls()[0]
			if a.status != r.status {
				t.Fatalf("%d %s (%s)", a.status, a.body, c.Note)
			}
			if r.code != "" && (a.get(t, "errorCode") != r.code || a.get(t, "trackingId") == "" ||
				a.get(t, "timestampUtc") == "" || a.get(t, "message") == "") {
				t.Errorf("body %s", a.body)
			}
			if r.message != "" && a.get(t, "message") != r.message {
				t.Errorf("message %s", a.body)
			}
			if got := strings.Join(c.Lenient, ";"); got != r.lenient {
				t.Errorf("lenient %q, want %q", got, r.lenient)
			}
			if n := len(e.Devices()); r.status != 202 && n != 0 {
				t.Errorf("a refused call created a device")
			}
		})
	}
}

func reversed(token string) string {
	fields := strings.Split(strings.TrimPrefix(token, "SharedAccessSignature "), "&")
	for i, j := 0, len(fields)-1; i < j; i, j = i+1, j-1 {
		fields[i], fields[j] = fields[j], fields[i]
	}
	return strings.Join(fields, "&")
}

func TestStandings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script    func(*emulator.Emulator)
		status    string
		code      string
		hubStatus int
		hubCode   string
		hubText   string
	}{
		"enrolled": {func(*emulator.Emulator) {}, "assigned", "", 204, "", ""},
		"disabled": {func(e *emulator.Emulator) { e.Disable("dev-1") }, "disabled", "", 404, "DeviceNotFound",
			"disabled"},
		"blocked": {func(e *emulator.Emulator) { e.Block("dev-1") }, "failed", "400209", 401, "IotHubUnauthorized",
			"DEVICE_BLOCKED"},
		"awaiting approval": {func(e *emulator.Emulator) { e.AwaitApproval("dev-1") }, "failed", "400209", 204, "", ""},
		"approved": {func(e *emulator.Emulator) { e.AwaitApproval("dev-1"); e.Approve("dev-1") }, "assigned", "",
			204, "", ""},
		"deleted": {func(e *emulator.Emulator) { e.Delete("dev-1") }, "assigned", "", 404, "DeviceNotFound", ""},
		"deleted from the hub": {func(e *emulator.Emulator) { e.DeleteFromHub("dev-1") }, "assigned", "",
			404, "DeviceNotFound", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{})
			d := newDevice(t, e, "dev-1")
			e.Provision("dev-1", "")
			tc.script(e)
			a := d.send("{}")
			if a.status != tc.hubStatus || a.header.Get("iothub-errorcode") != tc.hubCode ||
				!strings.Contains(string(a.body), tc.hubText) {
				t.Errorf("hub: %d %v %s", a.status, a.header, a.body)
			}
			a = d.provision()
			if a.status != 200 || a.get(t, "status") != tc.status ||
				a.get(t, "registrationState.errorCode") != tc.code {
				t.Errorf("DPS: %d %s", a.status, a.body)
			}
			if hub := a.get(t, "registrationState.assignedHub"); (hub != "") != (tc.status == "assigned") {
				t.Errorf("hub %q", hub)
			}
		})
	}
}

func TestApprovalIsNeededWhenConfigured(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{NeedApproval: true})
	d := newDevice(t, e, "dev-1")
	if a := d.provision(); a.get(t, "status") != "failed" {
		t.Errorf("%s", a.body)
	}
	e.Approve("dev-1")
	if a := d.provision(); a.get(t, "status") != "assigned" {
		t.Errorf("%s", a.body)
	}
}

func TestScriptedRefusal(t *testing.T) {
	t.Parallel()
	e := newEmulator(t, emulator.Config{})
	e.Refuse("dev-1", &emulator.Refusal{Status: 401, Code: 401000, Message: "Unauthorized"})
	d := newDevice(t, e, "dev-1")
	if a := d.register(); a.status != 401 || a.get(t, "errorCode") != "401000" {
		t.Errorf("%d %s", a.status, a.body)
	}
	e.Refuse("dev-1", nil)
	if a := d.register(); a.status != 202 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestIndividualEnrollment(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	second := base64.StdEncoding.EncodeToString([]byte("fedcba9876543210fedcba9876543210"))
	e := newEmulator(t, emulator.Config{OneUseKey: true, Enrollments: []emulator.Enrollment{
		{RegistrationID: "reg-1", DeviceID: "Truck+1", PrimaryKey: key, SecondaryKey: second,
			Hub: "own.azure-devices.net"},
		{RegistrationID: "reg-2", PrimaryKey: key, Disabled: true},
	}})
	d := newDevice(t, e, "reg-1")
	a := d.provision()
	if a.get(t, "registrationState.deviceId") != "Truck+1" || a.get(t,
		"registrationState.assignedHub") != "own.azure-devices.net" {
		t.Errorf("%s", a.body)
	}
	truck := newDevice(t, e, "Truck+1")
	if a := truck.must(truck.hub(http.MethodPost, "own.azure-devices.net", "/messages/events", nil,
		"{}")); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	truck.id = "truck+1"
	if a := truck.must(truck.hub(http.MethodPost, "own.azure-devices.net", "/messages/events", nil,
		"{}")); a.status != 404 {
		t.Errorf("ids in hubs are not case-sensitive: %d %s", a.status, a.body)
	}
	other := token(t, second, "0ne00000001/registrations/reg-1", time.Now().Add(time.Hour).Unix(), "&skn=registration")
	if a := d.must(d.do(http.MethodPut, dpsHost+"0ne00000001/registrations/reg-1/register?api-version=2019-03-31",
		map[string]string{"Authorization": other, "Content-Type": "application/json"}, d.body())); a.status != 401 {
		t.Errorf("the other key after the first: %d %s", a.status, a.body)
	}
	if a := newDevice(t, e, "reg-2").provision(); a.get(t, "status") != "disabled" {
		t.Errorf("%s", a.body)
	}
}

func TestConfigReportsAllErrors(t *testing.T) {
	t.Parallel()
	_, err := emulator.New(emulator.Config{Hubs: []string{"example.com"}, GroupKey: "short", Allocation: "random",
		Reprovision: "maybe", IDScope: "a/b"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"example.com", "group key", "random", "maybe", "a/b"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
