package hidden_test

import (
	"testing"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
)

// TestSecretNames: names that are likely to carry a credential, and some that are not.
func TestSecretNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Authorization": true, "X-Api-Key": true, "Cookie": true, "Set-Cookie": true, "X-Downlink-Apikey": true,
		"X-Hub-Signature-256": true, "code": true, "sig": true, "access_token": true, "X-Vendor-Password": true,
		"Content-Type": false, "User-Agent": false, "Idempotency-Key": false, "X-Soracom-Imsi": false, "event": false,
		"Sec-Fetch-Mode": false, "Accept": false, "X-Amz-Sns-Topic-Arn": false, "deviceId": false,
	} {
		if got := hidden.Name(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
