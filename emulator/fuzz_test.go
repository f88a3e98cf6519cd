package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

// roundTrip bypasses http.Client, which refuses some of the requests that a fuzzer makes.
func roundTrip(t *testing.T, e *emulator.Emulator, method string, u *url.URL, header http.Header, body []byte) (
	status int, answer []byte,
) {
	t.Helper()
	req := (&http.Request{Method: method, URL: u, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body))}).WithContext(t.Context())
	resp, err := e.RoundTripper().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b
}

func eventsURL() *url.URL {
	return &url.URL{Scheme: "https", Host: emulator.DefaultHub, Path: "/devices/dev-1/messages/events",
		RawQuery: "api-version=1"}
}

// FuzzToken: a hub accepts only a token with the right content and signature.
func FuzzToken(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	cfg := emulator.Config{Now: func() time.Time { return now }}
	e := newEmulator(f, cfg)
	good := e.HubToken("dev-1", emulator.DefaultHub, time.Hour)
	for _, seed := range []string{good, strings.ToLower(good), good + "&", good + "&se=1",
		strings.ReplaceAll(good, "%2F", "/"), "SharedAccessSignature sr=&sig=&se=", "", "Bearer x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		e := newEmulator(t, cfg)
		e.Provision("dev-1", "")
		h := http.Header{"Authorization": {token}}
		status, body := roundTrip(t, e, http.MethodPost, eventsURL(), h, []byte("{}"))
		sig := good[strings.Index(good, "&sig=")+5 : strings.Index(good, "&se=")]
		raw, err := url.PathUnescape(sig)
		if err != nil {
			t.Fatal(err)
		}
		dec, _ := url.PathUnescape(token)
		switch {
		case status == 204 && !strings.Contains(dec, raw):
			t.Errorf("%q is accepted", token)
		case status != 204 && (status != 401 || !json.Valid(body)):
			t.Errorf("%q: %d %s", token, status, body)
		case status != 204 && len(e.Events()) != 0:
			t.Errorf("%q: refused and stored", token)
		}
	})
}

// FuzzBatch: a batch is stored completely or not at all, and never more than was sent.
func FuzzBatch(f *testing.F) {
	for _, seed := range []string{`[]`, `[{"body":"e30="}]`,
		`[{"body":"x","base64Encoded":false,"properties":{"iothub-app-a":"b"}}]`, `[{"body":null}]`, `[1]`, `{}`,
		`[{"body":"e30="},{"body":"*"}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		h := http.Header{"Content-Type": {"application/vnd.microsoft.iothub.json"},
			"Authorization": {e.HubToken("dev-1", emulator.DefaultHub, time.Hour)}}
		status, answer := roundTrip(t, e, http.MethodPost, eventsURL(), h, body)
		events := e.Events()
		switch status {
		case 204:
			var sent []json.RawMessage
			if err := json.Unmarshal(body, &sent); err != nil || len(sent) != len(events) {
				t.Errorf("%q: %d events (%v)", body, len(events), err)
			}
			if _, err := json.Marshal(events); err != nil {
				t.Errorf("%q: %v", body, err)
			}
		case 400, 413:
			if len(events) != 0 || !json.Valid(answer) {
				t.Errorf("%q: %d events, %s", body, len(events), answer)
			}
		default:
			t.Errorf("%q: %d", body, status)
		}
	})
}

// FuzzFaultScript: a script that can be read can be written and read again.
func FuzzFaultScript(f *testing.F) {
	for _, seed := range []string{`[]`, `{"status":500}`, `[{"endpoint":"poll","state":"failed","errorCode":400207}]`,
		`[{"latency":"1s","share":0.5}]`, `[{"latency":1e308}]`, `[null]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		list, err := emulator.ParseFaults(strings.NewReader(script))
		if err != nil {
			return
		}
		out, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		again, err := emulator.ParseFaults(bytes.NewReader(out))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%s: %v", out, err)
		}
		for i := range list {
			if list[i] != again[i] {
				t.Errorf("%+v became %+v", list[i], again[i])
			}
		}
		e := newEmulator(t, emulator.Config{})
		_, _ = e.LoadFaults(strings.NewReader(script))
	})
}

// FuzzRequest: every request gets an answer that Azure could have given.
func FuzzRequest(f *testing.F) {
	f.Add("PUT", "global.azure-devices-provisioning.net", "/0ne00000001/registrations/dev-1/register", "api-version=1",
		`{"registrationId":"dev-1"}`)
	f.Add("GET", emulator.DefaultHub, "/devices/dev-1/messages/devicebound", "api-version=1", "")
	f.Add("POST", emulator.DefaultHub, "/devices/dev-1/files/notifications/x", "api-version=1", "{}")
	f.Add("PUT", emulator.DefaultBlobHost, "/uploads/dev-1/x", "comp=blocklist", "<BlockList/>")
	f.Add("DELETE", "127.0.0.1", "/devices/%2F/messages/devicebound/%zz", "reject", "")
	f.Fuzz(func(t *testing.T, method, host, path, query, body string) {
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		u := &url.URL{Scheme: "https", Host: emulator.DefaultHub, Path: path, RawQuery: query}
		h := http.Header{"Authorization": {e.HubToken("dev-1", emulator.DefaultHub, time.Hour)}}
		if strings.Contains(host, "provisioning") {
			u.Host = "global.azure-devices-provisioning.net"
			h.Set("Authorization", e.DPSToken("dev-1", time.Hour))
		}
		status, answer := roundTrip(t, e, method, u, h, []byte(body))
		if status < 200 || status > 599 || status >= 400 && !json.Valid(answer) {
			t.Errorf("%d %s", status, answer)
		}
		if n := len(e.Calls()); n != 1 {
			t.Errorf("%d calls", n)
		}
		if _, err := json.Marshal(e.Calls()); err != nil {
			t.Error(err)
		}
	})
}
