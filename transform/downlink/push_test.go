package downlink_test

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"mayfly/transform/downlink"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

func parsePush(t *testing.T, text string) (*downlink.Pusher, error) {
	t.Helper()
	var p downlink.Push
	if err := yaml.UnmarshalWithOptions([]byte(text), &p, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	pusher, faults := downlink.CompilePush(mapping.NewLanguage(message.Zone{}), &p)
	return pusher, faults.Err()
}

// Whatever the expression makes of what a sender wrote, the request goes to the address of the configuration.
func TestURLStaysBelowTheAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ to, url, want string }{
		{"https://a.example", "/x", "https://a.example/x"},
		{"https://a.example/", "/x?y=1", "https://a.example/x?y=1"},
		{"https://a.example/base", "/x", "https://a.example/base/x"},
		{"https://a.example/base/", "/base/x", "https://a.example/base/x"},
		{"https://a.example/base", "https://a.example/base/x", "https://a.example/base/x"},
		{"https://a.example:443", "https://A.EXAMPLE/x", "https://a.example:443/x"},
		{"https://a.example", "https://a.example:443/x", "https://a.example/x"},
		{"https://a.example", "/d/a%2Fb", "https://a.example/d/a%2Fb"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},
		{"https://a.example", "/@evil.example/x", "https://a.example/@evil.example/x"},
		{"https://a.example", "/http://evil.example/", "https://a.example/http://evil.example/"},

		{"https://a.example", "https://evil.example/x", ""},
		{"https://a.example", "http://a.example/x", ""},
		{"https://a.example", "https://a.example:8443/x", ""},
		{"https://a.example", "https://a.example@evil.example/x", ""},
		{"https://a.example", "https://user:pw@a.example/x", ""},
		{"https://a.example", "https://a.example.evil.example/x", ""},
		{"https://a.example", "https://a.example./x", ""},
		{"https://a.example", "https://evil.example#a.example/x", ""},
		{"https://a.example", "https://evil.example?a.example/x", ""},
		{"https://a.example", "//evil.example/x", ""},
		{"https://a.example", "///evil.example/x", ""},
		{"https://a.example", `/\evil.example/x`, ""},
		{"https://a.example", `https:\\evil.example/x`, ""},
		{"https://a.example", "https:evil.example/x", ""},
		{"https://a.example", "@evil.example/x", ""},
		{"https://a.example", ".evil.example/x", ""},
		{"https://a.example", ":8443/x", ""},
		{"https://a.example", "", ""},
		{"https://a.example", "x", ""},
		{"https://a.example", "/x#y", ""},
		{"https://a.example", "/x y", ""},
		{"https://a.example", "/x\r\nHost: evil.example", ""},
		{"https://a.example", "/x\t", ""},
		{"https://\u0430.example", "https://a.example/x", ""},
		{"https://a.example", "https://\u0430.example/x", ""},
		{"https://a.example", "javascript:alert(1)", ""},
		{"https://a.example", "file:///etc/passwd", ""},
		{"https://a.example/base", "https://a.example/x", ""},
		{"https://a.example/base", "https://a.example/based/x", ""},
		{"https://a.example/base", "/../x", ""},
		{"https://a.example/base", "/%2e%2e/x", ""},
		{"https://a.example/base", "/base/..%2fx", ""},
		{"https://a.example/base", `/base/..%5cx`, ""},
		{"https://a.example/base", "https://a.example/base/../x", ""},
		{"https://a.example/base", "/base/./x", ""},
		{"https://a.example/base", "/base/..;/x", ""},
		{"https://2130706433", "https://127.0.0.1/x", ""},
		{"https://[::1]:8443", "https://[0:0:0:0:0:0:0:1]:8443/x", ""},
	} {
		p, err := parsePush(t, "to: '"+tt.to+"'\nurl: .request.body\n")
		if err != nil {
			t.Fatalf("%s: %v", tt.to, err)
		}
		m := &downlink.Message{DeviceID: "d"}
		order, err := p.Order(t.Context(), m, &downlink.Content{}, map[string]any{"body": tt.url})
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%s %q: goes to %s", tt.to, tt.url, order.URL)
		case tt.want != "" && (err != nil || order.URL != tt.want):
			t.Errorf("%s %q: %v %v, want %s", tt.to, tt.url, order, err, tt.want)
		}
	}
}

func TestPushFaults(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"to: http://lns.example\nurl: '\"/x\"'":                                   "plainHTTP",
		"to: ftp://lns.example\nurl: '\"/x\"'":                                    "https://",
		"to: lns.example\nurl: '\"/x\"'":                                          "is not an address",
		"to: https:///x\nurl: '\"/x\"'":                                           "is not an address",
		"to: https://key@lns.example\nurl: '\"/x\"'":                              "into key",
		"to: https://lns.example?k=1\nurl: '\"/x\"'":                              "query",
		"to: https://lns.example/a/../b\nurl: '\"/x\"'":                           "..",
		"to: https://lns.example":                                                 "url: is missing",
		"key: secret":                                                             "to: is missing",
		"to: https://a.b\nurl: '\"/x\"'\nmethod: GET":                             "GET",
		"to: https://a.b\nurl: '\"/x\"'\ntimeout: 1h":                             "up to 30s",
		"to: https://a.b\nurl: '\"/x\"'\nport: 224":                               "1 to 223",
		"to: https://a.b\nurl: '\"/x\"'\nmaxBytes: 70000":                         "65536",
		"to: https://a.b\nurl: '\"/x\"'\nheaders: {host: '\"x\"'}":                "cannot be set",
		"to: https://a.b\nurl: '\"/x\"'\nheaders: {Authorization: '\"x\"'}":       "cannot be set",
		"to: https://a.b\nurl: '\"/x\"'\nkeyHeader: X-K\nheaders: {x-k: '\"x\"'}": "cannot be set",
		"to: https://a.b\nurl: '\"/x\"'\nkeyHeader: Host":                         "not the name",
		"to: https://a.b\nurl: '\"/x\"'\nkeyHeader: 'A: b'":                       "not the name",
		"to: https://a.b\nurl: env.HOME":                                          "no environment",
		"to: https://a.b\nurl: .x[":                                               "url",
	} {
		if _, err := parsePush(t, text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	for _, text := range []string{
		"url: '\"/x\"'", "to: http://localhost:1\nurl: '\"/x\"'", "to: http://[::1]:1\nurl: '\"/x\"'",
		"to: http://lns.example\nplainHTTP: true\nurl: '\"/x\"'",
	} {
		if _, err := parsePush(t, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// An answer may be 2xx and tell of a failure.
func TestFailure(t *testing.T) {
	t.Parallel()
	usual, err := parsePush(t, "to: https://a.b\nurl: '\"/x\"'")
	if err != nil {
		t.Fatal(err)
	}
	for answer, fails := range map[string]bool{
		"": false, "{}": false, "ok": false, "[]": false, `{"id":"x"}`: false, `{"success":true}`: false,
		`{"error":null}`: false, `{"errors":[]}`: false, `{"success":"Data enqueued"}`: false,
		`{"code":0,"message":""}`:       false,
		`{"code":200,"message":"fine"}`: false, `{"status":"ok"}`: false,
		`{"error":"no such device"}`: true, `{"errors":["a"]}`: true, `{"success":false}`: true, `{"ok":false}`: true,
		`{"status":"error","message":"m"}`: true, `{"code":5,"message":"not found"}`: true,
		`{"error":{"code":1}}`: true,
	} {
		if got := usual.Failure(t.Context(), []byte(answer)); (got != "") != fails {
			t.Errorf("%s: %q", answer, got)
		}
	}
	own, err := parsePush(t, "to: https://a.b\nurl: '\"/x\"'\n"+
		`failed: 'if .queued == 0 then "nothing queued" else null end'`)
	if err != nil {
		t.Fatal(err)
	}
	if got := own.Failure(t.Context(), []byte(`{"queued":0}`)); !strings.Contains(got, "nothing queued") {
		t.Error(got)
	}
	if got := own.Failure(t.Context(), []byte(`{"queued":1,"error":"x"}`)); got != "" {
		t.Error(got)
	}
}

// FuzzURL: no text leads away from the address.
func FuzzURL(f *testing.F) {
	for _, text := range []string{"/x", "//e", "https://a.example@e/", "https://a.example/base/%2e%2e/", "\\\\e"} {
		f.Add(text)
	}
	var p downlink.Push
	if err := yaml.Unmarshal([]byte("to: https://a.example/base\nurl: .request.body\n"), &p); err != nil {
		f.Fatal(err)
	}
	pusher, _ := downlink.CompilePush(mapping.NewLanguage(message.Zone{}), &p)
	f.Fuzz(func(t *testing.T, text string) {
		order, err := pusher.Order(t.Context(), &downlink.Message{}, &downlink.Content{}, map[string]any{"body": text})
		if err != nil {
			return
		}
		rest, ok := strings.CutPrefix(order.URL, "https://a.example/base")
		if !ok || rest != "" && rest[0] != '/' && rest[0] != '?' {
			t.Errorf("%q goes to %s", text, order.URL)
		}
	})
}
