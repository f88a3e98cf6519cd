package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"mayfly/transform"
	"mayfly/transform/message"
)

// A native message has 1,000 properties at most.
func TestNativePropertiesAreBounded(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{1000: true, 1001: false} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"p%d":1`, i)
		}
		body := `{"device":{"deviceId":"d"},"measurements":{"x":1},"properties":{` + b.String()[1:] + `}}`
		_, err := transform.New().Native(&message.Request{Body: []byte(body)})
		if (err == nil) != want {
			t.Errorf("%d properties: %v", n, err)
		}
	}
}
