package config_test

import (
	"strings"
	"testing"

	"mayfly/function/internal/auth/signature"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/signing"
)

// A signed source whose expressions read what is not signed does not start. The fault
// names the expression, what it reads, and what to sign.
func TestUnsignedReadsStopTheStart(t *testing.T) {
	t.Parallel()
	const hmac = `header: X-Sig, secrets: [s], `
	for name, tt := range map[string]struct {
		source, signature string
		want              string // in the fault; empty: there is none
	}{
		"the body": {`deviceId: .id, measurements: .`, hmac, ""},
		"a parameter": {`deviceId: $request.query.id, measurements: .`, hmac,
			`deviceId: source mine: reads $request.query["id"], which the signature leaves out: add {query} to signed`},
		"a parameter that is signed": {
			`deviceId: $request.query.id, measurements: .`,
			hmac + `signed: "{query}{body}"`,
			"",
		},
		"a header": {`deviceId: .id, measurements: '{a: $request.headers["X-Device"]}'`, hmac,
			`measurements: source mine: reads $request.headers["x-device"], which the signature leaves out: ` +
				`add {header:x-device}`},
		"a header that is signed": {`deviceId: '$request.headers["x-device"]', measurements: .`,
			hmac + `signed: "{header:X-Device}{body}"`, ""},
		"another header than that": {`deviceId: '$request.headers["x-device"]', measurements: .`,
			hmac + `signed: "{header:X-Other}{body}"`, "deviceId"},
		"the time that is signed": {`deviceId: .id, timestamp: '$request.headers["x-time"]', measurements: .`,
			hmac + `timestamp: X-Time, signed: "{timestamp}{body}"`, ""},
		"the content type": {`deviceId: .id, measurements: '{a: $request.headers["content-type"]}'`, hmac, ""},
		"the path": {
			`deviceId: '$request.path | split("/")[-1]', measurements: .`,
			hmac,
			"add {path} to signed",
		},
		"the path that is signed": {`deviceId: '$request.path | split("/")[-1]', measurements: .`,
			hmac + `signed: "{method}{path}{body}"`, ""},
		"the method": {`deviceId: .id, measurements: '{a: $request.method}'`, hmac, "add {method} to signed"},
		"all headers": {`deviceId: .id, measurements: $request.headers`, hmac + `signed: "{header:X-A}{body}"`,
			"name what it needs"},
		"all of the request": {`deviceId: .id, measurements: '$request | .query'`, hmac + `signed: "{query}{body}"`,
			"measurements: source mine: reads $request, which"},
		"in let": {
			`let: {q: $request.query}, deviceId: $q.id, measurements: .`,
			hmac,
			"let.q",
		},
		"in properties": {
			`deviceId: .id, measurements: ., properties: {p: $request.query.p}`,
			hmac,
			"properties.p",
		},
		"in the fleet": {
			`deviceId: .id, measurements: ., fleet: $request.query.f`,
			hmac,
			"fleet",
		},
		"in detect": {
			`detect: $request.query.a == "b", deviceId: .id, measurements: .`,
			hmac,
			"",
		},
		"a built-in one that can do without":     {`from: tts`, hmac, ""},
		"a built-in one with a deviceId of ours": {`from: tts, deviceId: $request.query.id`, hmac, "deviceId"},
		"Soracom, by its headers": {`from: soracom, properties: {a: '$request.headers["x-soracom-imsi"]'}`,
			`scheme: soracom, secrets: [s]`, ""},
		"Soracom, another header": {`from: soracom, properties: {a: '$request.headers["x-a"]'}`,
			`scheme: soracom, secrets: [s]`, "the scheme soracom does not cover it"},
		"Actility, a parameter that is signed": {`from: actility, properties: {a: $request.query.AS_ID}`,
			`scheme: actility, secrets: [s]`, ""},
		"Actility, in other letters": {`from: actility, properties: {a: $request.query.as_id}`,
			`scheme: actility, secrets: [s]`, "the scheme actility does not cover it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := "{name: mine, " + tt.source + ",\n     signature: {" + tt.signature + "}}"
			err := loadFile(t, "sources:\n  - "+source+"\n", "AUTH=none")
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	err := loadFile(t, "sources:\n  - {name: base, deviceId: $request.query.id, measurements: .}\n"+
		"  - {name: mine, from: base, signature: {header: X-Sig, secrets: [s]}}\n", "AUTH=none")
	if err == nil || !strings.Contains(err.Error(), "sources[1].deviceId") {
		t.Errorf("what is taken from another source of the file: %v", err)
	}
}

// A signature that is half configured does not start, and the fault says what is missing; with its secrets, that of a
// built-in source is whole.
func TestSignaturesOfBuiltinSources(t *testing.T) {
	t.Parallel()
	public := `secrets: ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]`
	for _, tt := range []struct{ name, source, want string }{
		{"no secrets", `{from: rockblock, signature: {}}`,
			"sources[0].signature.secrets: source rockblock: is missing: a list of the public keys"},
		{"not a key", `{from: rockblock, signature: {` + public + `}}`, "sources[0].signature.secrets[0]"},
		{"a secret for a key", `{from: rockblock, signature: {secrets: [hidden]}}`, "sources[0].signature.secrets[0]"},
		{"two places", `{from: rockblock, signature: {scheme: hmac, secrets: [s], header: X, query: y}}`,
			"one of header, query"},
	} {
		err := loadFile(t, "sources: ["+tt.source+"]", "AUTH=none")
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, name := range transform.New().SourceNames() {
		text, _ := transform.BuiltinText(name)
		d, err := transform.ParseDefinition(text)
		if err != nil || d.Signature == nil {
			continue
		}
		if d.Signature.Scheme != signing.Certificate {
			d.Signature.Secrets = []secret.Text{secret.NewText("a:b")}
		}
		if err := signature.Validate(d.Signature); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
