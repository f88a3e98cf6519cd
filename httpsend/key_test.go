package httpsend_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mayfly/httpsend"
)

func TestKey(t *testing.T) {
	t.Parallel()
	const text = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
	group, err := httpsend.ParseKey(text)
	if err != nil || group.Reveal() != text {
		t.Fatal(err)
	}
	again, _ := httpsend.ParseKey(text)
	// The vector stands in Microsoft's document (concepts-symmetric-key-attestation).
	const id, derived = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
	if got := group.Derive(id).Reveal(); got != derived {
		t.Errorf("derived %s, want %s", got, derived)
	}
	if !group.Equal(again) || group.Equal(group.Derive(id)) || group.Equal(httpsend.Key{}) {
		t.Error("Equal does not compare keys")
	}
	if group.IsZero() || !(httpsend.Key{}).IsZero() {
		t.Error("IsZero does not find the key that is none")
	}
	if _, err := httpsend.ParseKey("hunter2!"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a text that is not a key: %v", err)
	}
}

func TestKeyDoesNotShow(t *testing.T) {
	t.Parallel()
	target := httpsend.Target{DeviceID: "d", Key: key(t)}
	text, err := json.Marshal(map[string]any{"key": target.Key})
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + fmt.Sprintf("%v %+v %#v ", target, target, target) +
		fmt.Sprintf("%s %q %x %d", target.Key, target.Key, target.Key, target.Key)
	for _, secret := range []string{target.Key.Reveal(), "d7c45093f8"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q shows in %s", secret, shown)
		}
	}
	if n := strings.Count(shown, "[redacted]"); n != 8 {
		t.Errorf("%d keys are redacted, want 8: %s", n, shown)
	}
}
