package transform_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform"
)

// What is read fast is read the same as slowly, and what is right is read fast.
func TestNativeFast(t *testing.T) {
	t.Parallel()
	tr := transform.New()
	for body, fast := range map[string]bool{
		`{"device":{"deviceId":"a-1"},"measurements":{"temp":20.31}}`: true,
		` {"measurements":{"a":[1,{"b":"\u00e9\n"}],"c":-0.5e-3,"d":null,"e":true},"device":{"modelId":"dtmi:x:Y;1","deviceId":"a","gatewayId":"g"},"timestamp":1591647414602} `: true,
		`{"device":{"deviceId":"a"},"measurements":{},"timestamp":"2020-06-08T20:16:54.602Z","component":"c","messageId":"m","modelId":"dtmi:x:Y;1","other":[1,{}]}`:             true,
		`{"modelId":"dtmi:x:A;1","device":{"modelId":"dtmi:x:B;1","deviceId":"a"},"measurements":{}}`:                                                                            true,
		`{"device":{"modelId":"dtmi:x:B;1","deviceId":"a"},"modelId":"dtmi:x:A;1","measurements":{}}`:                                                                            true,
		`{"device":{"modelId":"","deviceId":"a"},"modelId":"dtmi:x:A;1","measurements":{}}`:                                                                                      true,
		`{"device":{"deviceId":"a"},"measurements":{},"properties":{"a":1}}`:                                                                                                     false,
		`{"Device":{"deviceId":"a"},"measurements":{}}`:                                                                                                                          false,
		`{"device":{"DEVICEID":"a"},"measurements":{}}`:                                                                                                                          false,
		`{"device":{"deviceId":"a","deviceId":"b"},"measurements":{}}`:                                                                                                           false,
		`{"device":{"deviceId":"a"},"measurements":{},"measurements":{"t":1}}`:                                                                                                   false,
		`{"device":{"deviceId":"\u0061"},"measurements":{}}`:                                                                                                                     false,
		`{"device":{"deviceId":"a"},"measurements":{},"timestamp":null}`:                                                                                                         false,
		`{"device":{"deviceId":"a"},"measurements":{"t":01}}`:                                                                                                                    false,
		`{"device":{"deviceId":"a"},"measurements":{"t":1,}}`:                                                                                                                    false,
		`{"device":{"deviceId":"a"},"measurements":[]}`:                                                                                                                          false,
		`{"device":{"deviceId":"a b"},"measurements":{}}`:                                                                                                                        false,
		`{"device":{"deviceId":"a"},"measurements":{}}{}`:                                                                                                                        false,
	} {
		if _, ok := transform.NativeFast([]byte(body)); ok != fast {
			t.Errorf("%s: read fast: %t, want %t", body, ok, fast)
		}
		sameBothWays(t, tr, []byte(body))
	}
}

func sameBothWays(t *testing.T, tr *transform.Transformer, body []byte) {
	t.Helper()
	fast, ok := transform.NativeFast(body)
	if !ok {
		return
	}
	slow, err := tr.NativeSlow(body)
	if err != nil {
		t.Fatalf("%q is read fast, but not slowly: %v", body, err)
	}
	if diff := cmp.Diff(slow, []transform.Message{fast}); diff != "" {
		t.Errorf("%q (-slow +fast):\n%s", body, diff)
	}
}

func FuzzNativeFast(f *testing.F) {
	f.Add([]byte(`{"device":{"deviceId":"a","modelId":"dtmi:x:Y;1"},"measurements":{"t":[1e5,"\u00e9",null,{"x":-0.5}]},"timestamp":"2020-06-08T20:16:54Z","x":1}`))
	tr := transform.New()
	f.Fuzz(func(t *testing.T, body []byte) { sameBothWays(t, tr, body) })
}
