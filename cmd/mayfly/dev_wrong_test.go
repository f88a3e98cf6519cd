package main

import (
	"net/http"
	"testing"
)

// TestDevTellsWhatIsWrong: whoever connects a sender of readings, CSV rows or hex payloads the wrong way is told why.
func TestDevTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	config := file(t, "mayfly.yaml", `sources:
  - {name: list, each: ".readings[]", deviceId: .id, timestamp: .at, measurements: "{t: .t}"}
  - {name: rows, format: csv, each: ".[]", deviceId: .id, measurements: "{t: .t}"}
  - {name: bytes, deviceId: .id, payload: .data | unhex}
`)
	stdout := running(t, []string{"CONFIG=" + config}, "dev", "--port", "0", "--emulator-port", "0",
		"--console-port", "0", "--retry-after", "1s")
	url := stdout.await(t, `bridge    (http://\S+)`)[1]
	stdout.await(t, `config    \S+mayfly.yaml, read again when it changes\n`)
	for _, tt := range []struct{ path, media, body, want string }{
		{"/api/list", "application/json", `{"readings":[{"id":"d","at":"yesterday","t":1}]}`,
			`timestamp: want RFC 3339, as in .* \(\.at gave "yesterday"\)`},
		{"/api/list", "application/json", `{"data":[]}`,
			`each: there is null where a list is wanted \(in \.readings\[\]\)`},
		{"/api/rows", "text/csv", "d,1\nd,2\n",
			`\[0\]\.deviceId: there is an array .*; the body has no row with the names of its columns: csv: `},
		{"/api/rows", "application/json", `{"id":"d"}`,
			`malformed-body: line 1, column 2 .*; the body looks like JSON`},
		{"/api/bytes", "application/json", `{"id":"d","data":"08zz"}`,
			`payload: unhex: "08zz" is not hex: character 3 is 'z' \(in \.data \| unhex\)`},
		{"/api/bytes", "application/json", `{"id":"d","data":"CGk="}`, `it may be base64, which unb64 reads`},
		{"/api/bytes", "application/json", `{"id":"d","data":"086"}`, `the number of digits is odd`},
	} {
		if status, answer := request(t, http.MethodPost, url+tt.path, tt.media, tt.body); status < 400 {
			t.Errorf("%s: %d %s", tt.body, status, answer)
		}
		stdout.await(t, `POST /api/\S+  refused 4.*`+tt.want)
	}
}
