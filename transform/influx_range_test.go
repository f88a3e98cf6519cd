package transform_test

import (
	"errors"
	"testing"

	"mayfly/transform"
	"mayfly/transform/message"
)

// What the library refuses in words of its own is the sender's mistake, not a
// bug. Found by bench/mutate.
func TestInfluxTimeOutOfRange(t *testing.T) {
	t.Parallel()
	source, err := transform.New().Source("influx")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{
		"climate,device_id=h t=1 1740000000000000123456789\n", "climate,device_id=h t=99999999999999999999i 1\n", "climate,device_id=h t=1e999 1\n",
	} {
		_, err := source.Map(t.Context(), &message.Request{Method: "POST", Body: []byte(body)})
		if wrong, ok := errors.AsType[*message.Error](err); err != nil && (!ok || wrong.Kind != message.Malformed) {
			t.Errorf("%q: %v", body, err)
		}
	}
}
