package function_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const mapsAll = `deviceId: '"dev-1"', measurements: "{n: 1}"`

// The vectors that the senders' own documentation gives.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	soracom := []string{
		"X-Soracom-Imsi", "295100000000001", "X-Soracom-Imei", "012345678901234", "X-Soracom-Timestamp",
		"1443571200000",
		"X-Soracom-Signature-Version", "20151001", "X-Soracom-Signature",
		"125d84ef000ed210da7a4de94fe601589295370c9e465982c8ddb84dcb7e779e",
	}
	actility := `{"DevEUI_uplink":{"Time":"2021-04-07T08:49:45.235+00:00","DevEUI":"20635F0108000496",` +
		`"FPort":17,"FCntUp":18,"payload_hex":"032ce4850919d85d4c9f793ad148d24f32f3c6b5488f5a087cbeb1488f5a998c83ab",` +
		`"CustomerID":"100002167"}}`
	token := "/api/actility?LrnDevEui=20635F0108000496&LrnFPort=17&LrnInfos=TWA_100002167.1111.AS-1-111974&" +
		"AS_ID=TWA_100002167.1111.AS" +
		"&Time=2021-04-07T08:49:51.551%2B00:00&Token=196c22898bf95fcf48b72be198c89256410660b9b514539651344baa594ad74f"
	actilityYAML := `sources: [{from: actility, measurements: "{n: 1}", signature: {scheme: actility, secrets: ` +
		`[F3203a20a2e8dfaf6686b621f56d05e3]}}]`
	for name, tt := range map[string]struct {
		file, target, body string
		header             []string
		now                int64
		want               string
	}{
		"soracom": {`sources: [{from: soracom, signature: {scheme: soracom, secrets: [other, ` +
			`secret]}}]`, "/api/soracom", `{"t":1}`, soracom, 1443571201, ok},
		"soracom, other device": {`sources: [{from: soracom, signature: {scheme: soracom, secrets: [secret]}}]`,
			"/api/soracom", `{"t":1}`, append(soracom[2:], "X-Soracom-Imsi", "295100000000002"), 1443571201,
			unauthorized},
		"soracom, a header more": {`sources: [{from: soracom, signature: {scheme: soracom, secrets: [secret]}}]`,
			"/api/soracom", `{"t":1}`, append(slices.Clip(soracom), "X-Soracom-Sim-Id", "1"), 1443571201, unauthorized},
		"soracom, late": {`sources: [{from: soracom, signature: {scheme: soracom, secrets: [secret]}}]`,
			"/api/soracom", `{"t":1}`, soracom, 1443571200 + 301, unauthorized},
		"actility": {actilityYAML, token, actility, nil, 1617785400, ok},
		"actility, tampered": {actilityYAML, token, strings.Replace(actility, `"032c`, `"042c`, 1), nil, 1617785400,
			unauthorized},
		"actility, two devices": {actilityYAML, token,
			strings.Replace(actility, `"DevEUI":"20635F0108000496"`,
				`"DevEUI":"20635F0108000497","deveui":"20635F0108000496"`, 1), nil, 1617785400, unauthorized},
		"actility, two reports": {actilityYAML, token,
			strings.Replace(actility, `{"DevEUI_uplink"`, `{"DevEUI_location":{"DevEUI":"B"},"DevEUI_uplink"`, 1),
			nil, 1617785400, unauthorized},
		// GitHub, "Validating webhook deliveries".
		"github": {`sources: [{name: mine, format: text, ` + mapsAll + `, signature: {secrets: ["It's a Secret ` +
			`to Everybody"], header: X-Hub-Signature-256, prefix: "sha256="}}]`, "/api/mine", `Hello, World!`,
			[]string{"X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
			1, ok},
		// Slack, "Verifying requests from Slack".
		"slack": {`sources: [{name: mine, ` + mapsAll + `, signature: {secrets: ` +
			`[8f742231b10e8888abcd99yyyzzz85a5], header: X-Slack-Signature, prefix: "v0=", timestamp: ` +
			`X-Slack-Request-Timestamp, signed: "v0:{timestamp}:{body}"}}]`, "/api/mine",
			"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&" +
				"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&" +
				"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands" +
				"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
				"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
			[]string{"Content-Type", "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp", "1531420618",
				"X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
			1531420620, ok},
		// Standard Webhooks, the specification's own example.
		"standard webhooks": {`sources: [{name: mine, ` + mapsAll + `, signature: {secrets: ` +
			`[whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw], secretEncoding: base64, encoding: base64, header: ` +
			`webhook-signature, prefix: "v1,", timestamp: webhook-timestamp, signed: "{header:webhook-id}.{` +
			`timestamp}.{body}"}}]`, "/api/mine", `{"test": 2432232314}`,
			[]string{"Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp", "1614265330",
				"Webhook-Signature", "v1,bm90IHJpZ2h0 v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, 1614265330,
			ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, tt.file)
			h.now = time.Unix(tt.now, 0)
			h.azure.SetClock(h.now)
			if got := h.send(http.MethodPost, tt.target, tt.body, tt.header...); got != tt.want {
				t.Errorf("%s, want %s\n%s", got, tt.want, h.log.String())
			}
			if tt.want == ok {
				again := h.send(http.MethodPost, tt.target, tt.body, tt.header...)
				if name != "github" && again != unauthorized { // it has no time: two equal bodies are two
					t.Errorf("again: %s", again)
				}
			}
		})
	}
}

func sign(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// A signature is a credential for its source and for nothing else.
func TestSignedSource(t *testing.T) {
	t.Parallel()
	const file = `callers: [{name: gate, keys: ["{key k}"]}]
sources:
  - {name: mine, deviceId: .id, measurements: "{n: 1}", signature: {secrets: [s3], header: X-Sig,
     timestamp: X-Time, signed: "{timestamp}.{body}", devices: ["own-*"]}}
`
	now := time.Now()
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	for name, tt := range map[string]struct {
		target, body string
		header       []string
		want         string
	}{
		"signed": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Time", at(0), "X-Sig", sign("s3", at(0)+`.{"id":"own-1"}`)}, ok},
		"upper case": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Time", at(0), "X-Sig", strings.ToUpper(sign("s3", at(0)+`.{"id":"own-1"}`))}, ok},
		"other's device": {"/api/mine", `{"id":"b"}`,
			[]string{"X-Time", at(0), "X-Sig", sign("s3", at(0)+`.{"id":"b"}`)}, forbidden},
		"other's device, a key": {"/api/mine", `{"id":"b"}`,
			[]string{"X-Api-Key", "k", "X-Time", at(0), "X-Sig", sign("s3", at(0)+`.{"id":"b"}`)}, forbidden},
		"tampered": {"/api/mine", `{"id":"own-2"}`,
			[]string{"X-Time", at(0), "X-Sig", sign("s3", at(0)+`.{"id":"own-1"}`)}, unauthorized},
		"time changed": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Time", at(time.Second), "X-Sig", sign("s3", at(0)+`.{"id":"own-1"}`)}, unauthorized},
		"too old": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Time", at(-6 * time.Minute), "X-Sig", sign("s3", at(-6*time.Minute)+`.{"id":"own-1"}`)},
			unauthorized},
		"from the future": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Time", at(6 * time.Minute), "X-Sig", sign("s3", at(6*time.Minute)+`.{"id":"own-1"}`)},
			unauthorized},
		"no time": {"/api/mine", `{"id":"own-1"}`, []string{"X-Sig", sign("s3", `.{"id":"own-1"}`)},
			unauthorized},
		"a key is not enough": {"/api/mine", `{"id":"own-1"}`, []string{"X-Api-Key", "k"}, unauthorized},
		"a wrong key beside": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Api-Key", "no", "X-Time", at(0), "X-Sig", sign("s3", at(0)+`.{"id":"own-1"}`)}, unauthorized},
		"for another route": {"/api/telemetry", native,
			[]string{"X-Time", at(0), "X-Sig", sign("s3", at(0)+"."+native)}, unauthorized},
		"nothing at all": {"/api/mine", `{"id":"own-1"}`, nil, unauthorized},
		"prefix of the signature": {"/api/mine", `{"id":"own-1"}`,
			[]string{"X-Time", at(0), "X-Sig", sign("s3", at(0)+`.{"id":"own-1"}`)[:32]}, unauthorized},
	} {
		h := newBridge(t, file)
		h.now = now
		if got := h.send(http.MethodPost, tt.target, tt.body, tt.header...); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// While a secret is rotated a request bears a code for each. It is taken once,
// whichever of its codes is shown the second time.
func TestReplayDuringRotation(t *testing.T) {
	t.Parallel()
	const stamp, text = "1700000000", `1700000000.{"id":"d"}`
	first, second := "v1="+sign("s1", text), "v1="+sign("s2", text)
	both := "t=" + stamp + "," + first + "," + second
	for name, headers := range map[string][]string{
		"the same":             {both, both},
		"the first alone":      {both, "t=" + stamp + "," + first},
		"the second alone":     {both, "t=" + stamp + "," + second},
		"first one, then both": {"t=" + stamp + "," + second, both},
		"one after the other":  {"t=" + stamp + "," + first, "t=" + stamp + "," + second},
		"in another order":     {both, "t=" + stamp + "," + second + "," + first},
		"in upper case":        {both, "t=" + stamp + ",v1=" + strings.ToUpper(sign("s1", text))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newBridge(t, `sources: [{name: mine, deviceId: .id, measurements: "{n: 1}", `+
				`signature: {secrets: [s1, s2], header: X-Sig, field: v1, timestamp: "field:t", signed: "{`+
				`timestamp}.{body}"}}]`)
			h.now = time.Unix(1700000000, 0)
			h.azure.SetClock(h.now)
			for i, want := range []string{ok, unauthorized} {
				if got := h.send(http.MethodPost, "/api/mine", `{"id":"d"}`, "X-Sig", headers[i]); got != want {
					t.Errorf("request %d: %s, want %s", i+1, got, want)
				}
			}
		})
	}
}

// A signature is used up by what it delivered, and not by what has to come again.
func TestSignatureAfterFailure(t *testing.T) {
	t.Parallel()
	h := newBridge(
		t,
		`sources: [{name: mine, deviceId: .id, measurements: "{n: 1}", signature: {secrets: [s3], header: X-Sig,`+
			` timestamp: X-Time, signed: "{timestamp}.{body}"}}]`,
	)
	stamp := h.now.UTC().Format(time.RFC3339)
	send := func() string {
		return h.send(
			http.MethodPost,
			"/api/mine",
			`{"id":"d"}`,
			"X-Time",
			stamp,
			"X-Sig",
			sign("s3", stamp+`.{"id":"d"}`),
		)
	}
	if _, err := h.azure.LoadFaults(strings.NewReader(`[{"endpoint":"events","count":1,"status":403,` +
		`"errorCode":403002,"errorName":"IotHubQuotaExceeded"}]`)); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"Service Unavailable hub-quota", ok, unauthorized} {
		if got := send(); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
		h.now = h.now.Add(70 * time.Second)
	}
}

// A key that leaves no room for doubt is asked of whoever writes a configuration.
func TestSignatureEncodings(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources:
  - {name: stripe, `+mapsAll+`, signature: {secrets: [s],
     header: Stripe-Signature, field: v1, timestamp: "field:t", signed: "{timestamp}.{body}"}}
  - {name: query, `+mapsAll+`, signature: {secrets: [s],
     query: sig, encoding: base64url, signed: "{method} {path} {body}"}}
`)
	stamp := "1700000000"
	h.now = time.Unix(1700000000, 0)
	h.azure.SetClock(h.now)
	if got := h.send(http.MethodPost, "/api/stripe", "{}", "Stripe-Signature",
		"t="+stamp+",v1=00,v1="+sign("s", stamp+".{}")+",v0=1"); got != ok {
		t.Error("stripe:", got)
	}
	raw, _ := hex.DecodeString(sign("s", "POST /api/query {}"))
	if got := h.send(http.MethodPost, "/api/query?sig="+base64.RawURLEncoding.EncodeToString(raw), "{}"); got != ok {
		t.Error("query:", got)
	}
}

// What a signature leaves out is not read: the query and the headers of a request whose
// body is signed name no device, not even where a built-in source would take it from
// there.
func TestUnsignedPartsAreNotRead(t *testing.T) {
	t.Parallel()
	const body = `{"end_device_ids":{"dev_eui":"70B3D57ED0000001"},` +
		`"uplink_message":{"f_port":1,"decoded_payload":{"t":1}}}`
	const lead = `{"device":"own","t":1}`
	h := newBridge(t, `sources:
  - {from: tts, signature: {secrets: [s], header: X-Sig}}
  - {from: golioth, deviceId: .device, measurements: "{t: .t}", signature: {secrets: [s], header: X-Sig}}
  - {name: all, deviceId: .device, measurements: "{t: .t}",
     signature: {secrets: [s], header: X-Sig, signed: "{query}{body}"}}`)
	for _, tt := range []struct {
		target, body, signed string
		headers              []string
		device               string
	}{
		{"/api/tts?deviceId=victim", body, body, nil, "70b3d57ed0000001"},
		{"/api/tts", body, body, []string{"X-Device", "victim"}, "70b3d57ed0000001"},
		{"/api/all?a=b", lead, "a=b" + lead, nil, "own"},
	} {
		headers := append([]string{"Content-Type", "application/json", "X-Sig", sign("s", tt.signed)}, tt.headers...)
		before := len(h.azure.Events())
		if got := h.send(http.MethodPost, tt.target, tt.body, headers...); got != ok {
			t.Errorf("%s: %s", tt.target, got)
			continue
		}
		if events := h.azure.Events()[before:]; len(events) != 1 || events[0].Device != tt.device {
			t.Errorf("%s: %v", tt.target, events)
		}
	}
	events := len(h.azure.Events())
	if got := h.send(http.MethodPost, "/api/golioth", lead, "X-Sig", sign("s", lead), "Ce-Source", "victim",
		"Ce-Type", "io.golioth.x"); got == ok || len(h.azure.Events()) != events {
		t.Error("golioth believed an unsigned header:", got)
	}
}
