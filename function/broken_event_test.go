package function_test

import (
	"bytes"
	"log/slog"
	"testing"

	"mayfly/function"
)

// An event whose body is not base64 is the sender's or its front's fault.
func TestBrokenLambdaBody(t *testing.T) {
	t.Parallel()
	h := newBridge(t, "", "AUTH=none")
	lambda := function.NewLambdaHandler(h.service, slog.New(slog.DiscardHandler))
	answer, err := lambda.Invoke(t.Context(), []byte(`{"version":"2.0","rawPath":"/api/telemetry",`+
		`"requestContext":{"http":{"method":"POST"}},"body":"***","isBase64Encoded":true}`))
	if err != nil || !bytes.Contains(answer, []byte(`"statusCode":400`)) ||
		!bytes.Contains(answer, []byte(`malformed-body`)) {
		t.Errorf("%s, %v", answer, err)
	}
}
