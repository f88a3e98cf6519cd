package dps_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mayfly/dps"
)

func TestKey(t *testing.T) {
	t.Parallel()
	group := groupKey(t)
	// The vector stands in Microsoft's document (concepts-symmetric-key-attestation).
	const id, derived = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
	if got := group.Derive(id).Reveal(); got != derived {
		t.Errorf("derived %s, want %s", got, derived)
	}
	if !group.Equal(groupKey(t)) || group.Equal(group.Derive(id)) || group.Equal(dps.Key{}) {
		t.Error("Equal does not compare keys")
	}
	if group.IsZero() || !(dps.Key{}).IsZero() {
		t.Error("IsZero does not find the key that is none")
	}
	if _, err := dps.ParseKey("hunter2!"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a text that is not a key: %v", err)
	}
}

func TestKeyDoesNotShow(t *testing.T) {
	t.Parallel()
	device := dps.Device{ID: "d", Key: groupKey(t), SecondaryKey: groupKey(t).Derive("d")}
	text, err := json.Marshal(map[string]any{"key": device.Key})
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + fmt.Sprintf("%v %+v %#v ", device, device, device) +
		fmt.Sprintf("%s %q %x %d", device.Key, device.Key, device.Key, device.Key)
	for _, secret := range []string{device.Key.Reveal(), device.SecondaryKey.Reveal(), "f22b2b14", "[242 43 43"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q shows in %s", secret, shown)
		}
	}
	if n := strings.Count(shown, "[redacted]"); n != 11 {
		t.Errorf("%d keys are redacted, want 11: %s", n, shown)
	}
}
