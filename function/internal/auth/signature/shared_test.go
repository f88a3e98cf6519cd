package signature_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"mayfly/function/internal/auth/signature"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/state"
	"mayfly/internal/secret"
	"mayfly/transform/signing"
)

// answering is a store whose claims are answered in turn.
type answering struct {
	state.Store
	claims []state.Claim
}

func (a *answering) Claim(context.Context, []string, time.Duration) (state.Claim, error) {
	c := a.claims[0]
	a.claims = a.claims[1:]
	return c, nil
}

// What another instance has in its hands comes again later, and is good where the other one has given it back.
func TestAnotherInstanceHasIt(t *testing.T) {
	t.Parallel()
	store := &answering{claims: []state.Claim{
		{Busy: true, Done: []bool{false}}, {Done: []bool{false}}, {Done: []bool{true}},
	}}
	v := signature.NewVerifier(&signing.Spec{
		Secrets: secrets("s"), Header: "X-Sig", Replay: time.Hour,
	}, signature.Options{Secrets: &secret.Loader{Now: time.Now}, State: store, Source: "mine"})
	verify := func(body string) error {
		mac := hmac.New(sha256.New, []byte("s"))
		mac.Write([]byte(body))
		r := post(t, body, "X-Sig", hex.EncodeToString(mac.Sum(nil)))
		_, err := v.Verify(r, signature.Body{Raw: []byte(body)}, time.Unix(1_700_000_000, 0))
		return err
	}
	err := verify("{}")
	if later, ok := errors.AsType[*problem.Error](err); !ok || later.Code != problem.TooBusy {
		t.Errorf("in the other's hands: %v", err)
	}
	if err := verify("{}"); err != nil {
		t.Errorf("given back: %v", err)
	}
	err = verify("[]")
	if _, refused := errors.AsType[signature.Error](err); !refused {
		t.Errorf("used by the other: %v", err)
	}
}
