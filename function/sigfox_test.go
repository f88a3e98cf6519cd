package function_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/emulator"
)

// Sigfox takes eight bytes where it asks for them, and nothing else.
func TestSigfoxBidirectional(t *testing.T) {
	t.Parallel()
	const ack = `{"device":"1CF8A2","time":1710000000,"data":"0a","seqNumber":1,"ack":true}`
	for name, tt := range map[string]struct {
		body  string
		sent  []string
		want  string
		ended map[string]string
	}{
		"eight bytes": {ack, []string{"\x01\x02\x03\x04\x05\x06\x07\xff"},
			`200 {"1CF8A2":{"downlinkData":"01020304050607ff"}}`, map[string]string{"c-1": "Success"}},
		"hexadecimal text": {ack, []string{"01020304050607FF"},
			`200 {"1CF8A2":{"downlinkData":"01020304050607ff"}}`, map[string]string{"c-1": "Success"}},
		"JSON of them": {ack, []string{`{"base64":"AQIDBAUGB/8="}`},
			`200 {"1CF8A2":{"downlinkData":"01020304050607ff"}}`, map[string]string{"c-1": "Success"}},
		"one that is too long before": {ack, []string{strings.Repeat("x", 64<<10), "12345678"},
			`200 {"1CF8A2":{"downlinkData":"3132333435363738"}}`,
			map[string]string{"c-1": "Rejected", "c-2": "Success"}},
		"an object without a codec": {ack, []string{`{"on":true}`}, "204 ", map[string]string{"c-1": "Rejected"}},
		"nothing waits":             {ack, nil, "204 ", map[string]string{}},
		"not asked": {strings.Replace(ack, "true", "false", 1), []string{"12345678"}, "204 ",
			map[string]string{}},
		"asked with a text": {strings.Replace(ack, "true", `"true"`, 1), []string{"12345678"},
			`200 {"1CF8A2":{"downlinkData":"3132333435363738"}}`, map[string]string{"c-1": "Success"}},
		"other names": {`{"deviceId":"1CF8A2","time":1710000000,"payload":"0a","seqNo":1,"ack":"True"}`,
			[]string{"12345678"}, `200 {"1CF8A2":{"downlinkData":"3132333435363738"}}`,
			map[string]string{"c-1": "Success"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
			azure.Provision("1CF8A2", "")
			for i, body := range tt.sent {
				m := emulator.Message{MessageID: fmt.Sprintf("c-%d", i+1), Body: []byte(body)}
				if err := azure.SendToDevice("1CF8A2", m); err != nil {
					t.Fatal(err)
				}
			}
			w := httptest.NewRecorder()
			instance(t, azure).ServeHTTP(w, request(t, http.MethodPost, "/api/sigfox", tt.body))
			if got := fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if got := outcomes(azure); !maps.Equal(got, tt.ended) {
				t.Errorf("ended %v, want %v", got, tt.ended)
			}
		})
	}
}

// The codec of a source encodes what goes down to its devices, to the length that the way down has.
func TestSigfoxWithACodec(t *testing.T) {
	t.Parallel()
	azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
	azure.Provision("1CF8A2", "")
	for i, body := range []string{`{"rate":5}`, `{"rate":900}`, `{"rate":-1}`, "12345678"} {
		m := emulator.Message{MessageID: fmt.Sprintf("c-%d", i+1), Body: []byte(body)}
		if err := azure.SendToDevice("1CF8A2", m); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	codec := `function decodeUplink(i) { return {data: {n: i.bytes[0]}} }
function encodeDownlink(i) {
  if (i.data.rate < 0) return {errors: ["no such rate"]};
  var bytes = [1, i.data.rate & 255, 0, 0, 0, 0, 0, 0];
  if (i.data.rate > 255) bytes.push(i.data.rate >> 8);
  return {bytes: bytes, fPort: 1};
}`
	if err := os.WriteFile(filepath.Join(dir, "codec.js"), []byte(codec), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "mayfly.yaml")
	if err := os.WriteFile(file, []byte("sources:\n  - from: sigfox\n    codec: codec.js\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := instance(t, azure, "CONFIG="+file)
	var got []string
	for n := range 3 {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, request(t, http.MethodPost, "/api/sigfox",
			fmt.Sprintf(`{"device":"1CF8A2","time":%d,"data":"0a","seqNumber":%[1]d,"ack":true}`, 1710000000+n)))
		got = append(got, strings.TrimSpace(w.Body.String()))
	}
	want := []string{
		`{"1CF8A2":{"downlinkData":"0105000000000000"}}`, `{"1CF8A2":{"downlinkData":"3132333435363738"}}`, "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ended := map[string]string{"c-1": "Success", "c-2": "Rejected", "c-3": "Rejected", "c-4": "Success"}
	if got := outcomes(azure); !maps.Equal(got, ended) {
		t.Errorf("ended %v, want %v", got, ended)
	}
}
