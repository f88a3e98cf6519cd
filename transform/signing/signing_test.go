package signing_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"mayfly/internal/secret"
	"mayfly/transform/signing"
)

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// What proves the sender is in nothing that a mapping sees, and what is not signed is not either.
func TestVisible(t *testing.T) {
	t.Parallel()
	token := &signing.Spec{Scheme: signing.Token, Members: []string{"api_key", "auth.token"}, Query: "key"}
	members := &signing.Spec{Signed: "{member:Id}\n{member:meta.t}", Members: []string{"Signature"}}
	for _, tt := range []struct {
		name       string
		spec       *signing.Spec
		body, want string
	}{
		{"unsigned", nil, `{"api_key":"k"}`, `{"api_key":"k"}`},
		{"a member", token, `{"api_key":"k","t":1}`, `{"t":1}`},
		{"the parameter of a query", token, `{"key":"k","t":"1"}`, `{"t":"1"}`},
		{"below another", token, `{"auth":{"token":"k","user":"u"},"t":1}`, `{"auth":{"user":"u"},"t":1}`},
		{"by the whole name as well", token, `{"auth.token":"k","auth":{"token":"k"}}`, `{"auth":{}}`},
		{"in each of a list", token, `[{"api_key":"k","t":1},2,[{"api_key":"k"}]]`, `[{"t":1},2,[{}]]`},
		{"another one of that name, deeper", token, `{"a":{"api_key":"k"}}`, `{"a":{"api_key":"k"}}`},
		{"no object", token, `"api_key"`, `"api_key"`},
		{"what is signed alone", members, `{"Id":1,"Signature":"s","meta":{"t":2,"u":3},"x":4}`, `{"Id":1,"meta.t":2}`},
	} {
		body := value(t, tt.body)
		if got := tt.spec.Visible(body); !reflect.DeepEqual(got, value(t, tt.want)) {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
		if !reflect.DeepEqual(body, value(t, tt.body)) {
			t.Errorf("%s: the body became %v", tt.name, body)
		}
	}
}

func TestInherit(t *testing.T) {
	t.Parallel()
	key := []secret.Text{secret.NewText("k")}
	base := &signing.Spec{Scheme: signing.JWT, Members: []string{"JWT"}, Algorithm: "RS256", BodyClaims: true,
		Published: true}
	for _, tt := range []struct {
		name       string
		spec, base *signing.Spec
		builtin    bool
		want       *signing.Spec
	}{
		{"a built-in scheme that nobody configures", nil, base, true, nil},
		{"another source's of the file", nil, base, false, base},
		{"nothing", nil, nil, false, nil},
		{"the secrets alone", &signing.Spec{Secrets: key}, base, true, &signing.Spec{Scheme: signing.JWT, Secrets: key,
			Members: []string{"JWT"}, Algorithm: "RS256", BodyClaims: true, Published: true}},
		{"another place", &signing.Spec{Secrets: key, Header: "X"}, base, true, &signing.Spec{Scheme: signing.JWT,
			Secrets: key, Header: "X", Algorithm: "RS256", BodyClaims: true, Published: true}},
		{"another scheme", &signing.Spec{Scheme: signing.Basic, Secrets: key}, base, true,
			&signing.Spec{Scheme: signing.Basic, Secrets: key}},
	} {
		if got := tt.spec.Inherit(tt.base, tt.builtin); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
