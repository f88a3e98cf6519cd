package credential_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mayfly/transform/credential"
)

func TestWithout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, object, mapped, want, dropped string }{
		{"nothing", `{"temperature":21.50,"key":"a","tokens":"5"}`, "", `{"temperature":21.50,"key":"a","tokens":"5"}`, ""},
		{"iSpindel", `{"name":"i","ID":1,"token":"s3cret","angle":45.50}`, "", `{"name":"i","ID":1,"angle":45.50}`, "token"},
		{"ThingSpeak", `{"api_key":"K","field1":21.50}`, "", `{"field1":21.50}`, "api_key"},
		{"WOW", `{"siteid":"1","siteAuthenticationKey":123456}`, "", `{"siteid":"1"}`, "siteAuthenticationKey"},
		{"other ways to write it", `{"API-Key":"a","apikey":"b","Api.Key":"c","t":1}`, "", `{"t":1}`,
			"API-Key apikey Api.Key"},
		{"escapes", `{"\u0074oken":"a","t":1}`, "", `{"t":1}`, "token"},
		{"all", `{"password":"a"}`, "", `{}`, "password"},
		{"white space", "{ \"a\" : 1 ,\n \"jwt\" : \"x\" , \"b\":[ 1 ] }", "", `{"a":1,"b":[ 1 ]}`, "jwt"},
		{"deep", `{"a":{"b":[{"secret":"x","t":1},2]},"c":1}`, "", `{"a":{"b":[{"t":1},2]},"c":1}`, "secret"},
		{"two in a list", `{"a":[{"psk":"x"},{"psk":"y"}]}`, "", `{"a":[{},{}]}`, "psk"},
		{"an object", `{"credentials":{"user":"a","x":"b"},"t":1}`, "", `{"t":1}`, "credentials"},
		{"counted tokens", `{"token":12,"pwd":3}`, "", `{"token":12,"pwd":3}`, ""},
		{"a PIN", `{"password":1234,"Secret":5}`, "", `{}`, "password Secret"},
		{"whether there is one", `{"password":true,"token":null,"secret":""}`, "",
			`{"password":true,"token":null,"secret":""}`, ""},
		{"mapped on purpose", `{"token":"a","password":"b"}`, "{token: .coins}", `{"token":"a"}`, "password"},
		{"taken out elsewhere", `{"token":"a","password":"b","t":1}`,
			`if .data then .data else omit(["token", ("password")]) | {t} end | del(.a[(.password)])`, `{"t":1}`, "token password"},
		{"taken out and mapped", `{"token":"a","password":"b"}`, `omit(["password"]) + {token: .x}`, `{"token":"a"}`, "password"},
		{"a call without an end", `{"token":"a"}`, "omit(.token", `{}`, "token"},
		{"not mapped", `{"token":"a"}`, ". | del(.tokens)", `{}`, "token"},
	} {
		out, dropped := credential.Without([]byte(tt.object), credential.Mentioned(tt.mapped))
		if string(out) != tt.want || strings.Join(dropped, " ") != tt.dropped {
			t.Errorf("%s: %s without %q, want %s without %q", tt.name, out, dropped, tt.want, tt.dropped)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"token": true, "Token": true, "access_token": true, "accessToken": true, "PASSKEY": true, "x-api-key": true,
		"temperature": false, "key": false, "keypad": false, "tokens": false, "": false, "pass": false,
		strings.Repeat("token", 100): false, "töken": false, "token2": false,
	} {
		if got := credential.Known(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

// TestCost: a message without credentials costs no memory.
func TestCost(t *testing.T) {
	body := []byte(`{"temperature":21.50,"humidity":48,"battery":3.30,"co2":412,"motion":false,"label":"greenhouse 7"}`)
	if n := testing.AllocsPerRun(100, func() { credential.Without(body, nil) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWithout(b *testing.B) {
	body := []byte(`{"temperature":21.50,"humidity":48,"battery":3.30,"co2":412,"motion":false,"label":"greenhouse 7"}`)
	b.ReportAllocs()
	for b.Loop() {
		credential.Without(body, nil)
	}
}

// FuzzWithout: what is left is JSON, and has no more to take out; without a name that is known nothing changes.
func FuzzWithout(f *testing.F) {
	f.Add([]byte(`{"a":{"token":"x"},"b":[{"api_key":"y"},1]}`))
	f.Add([]byte(`{"\u0070assword":1,"password":1}`))
	f.Fuzz(func(t *testing.T, object []byte) {
		if !json.Valid(object) {
			return
		}
		out, dropped := credential.Without(object, nil)
		if !json.Valid(out) || len(out) > len(object) {
			t.Fatalf("%s became %s", object, out)
		}
		again, more := credential.Without(out, nil)
		if len(more) > 0 || string(again) != string(out) {
			t.Fatalf("%s became %s, and then %s", object, out, again)
		}
		if (len(dropped) > 0) != (string(out) != string(object)) {
			t.Fatalf("%s became %s without %q", object, out, dropped)
		}
	})
}
