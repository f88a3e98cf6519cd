package function_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function"
)

const contractFile = `
callers: [{name: a, keys: ["sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"]}]
sources: [{name: plant, deviceId: .id, measurements: .values}]
`

// contractService is a service whose one caller has the key "key".
func contractService(t *testing.T, vars ...string) *function.Service {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(contractFile), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := function.LoadConfig(append([]string{"ID_SCOPE=0ne1", "GROUP_KEY=" + goodKey, "AUTH=keys",
		"CONFIG=" + path}, vars...))
	if err != nil {
		t.Fatal(err)
	}
	return function.New(c, function.Dependencies{Log: slog.New(slog.DiscardHandler)})
}

func ask(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Who may read the contract, and how much of it, is what API_DOCS says.
func TestWhoReadsTheContract(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, docs string
		method     string
		path       string
		header     []string
		status     int
		own        bool // has the sources of the file
	}{
		{"everybody", "public", "GET", "/openapi.json", nil, 200, false},
		{"a caller", "public", "GET", "/openapi.json", []string{"X-Api-Key", "key"}, 200, true},
		{"a wrong key", "public", "GET", "/openapi.json", []string{"Authorization", "Bearer wrong"}, 401, false},
		{"a page of another origin", "public", "GET", "/openapi.json", []string{"Sec-Fetch-Site", "cross-site"}, 200,
			false},
		{"callers only, and nobody", "callers", "GET", "/openapi.json", nil, 401, false},
		{"callers only, and a caller", "callers", "GET", "/openapi.json", []string{"X-Api-Key", "key"}, 200, true},
		{"callers only, the page", "callers", "GET", "/docs", nil, 200, false},
		{"off", "off", "GET", "/openapi.json", []string{"X-Api-Key", "key"}, 404, false},
		{"off, the page", "off", "GET", "/docs", nil, 404, false},
		{"another method", "public", "POST", "/openapi.json", []string{"X-Api-Key", "key"}, 405, false},
		{"another method of the page", "public", "DELETE", "/docs", nil, 405, false},
		{"behind a base path", "public", "GET", "/iot/openapi.json", []string{"X-Api-Key", "key"}, 200, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(t, contractService(t, "API_DOCS="+tt.docs, "BASE_PATH=/iot"), tt.method, tt.path, tt.header...)
			if w.Code != tt.status || strings.Contains(w.Body.String(), "/api/plant") != tt.own {
				t.Errorf("answered %d, with the sources of the file: %v", w.Code, !tt.own)
			}
			if tt.status == 200 && strings.HasSuffix(tt.path, ".json") && !json.Valid(w.Body.Bytes()) {
				t.Error("it is not JSON")
			}
		})
	}
}

// The document is sent compressed where that is asked for, and not sent again to whoever has it.
func TestTheContractIsSentOnce(t *testing.T) {
	t.Parallel()
	s := contractService(t)
	plain := ask(t, s, "GET", "/openapi.json")
	zipped := ask(t, s, "GET", "/openapi.json", "Accept-Encoding", "br, gzip;q=0.8")
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(text, plain.Body.Bytes()) {
		t.Errorf("the compressed document is another one: %v", err)
	}
	if ask(t, s, "GET", "/openapi.json", "Accept-Encoding", "gzip;q=0").Header().Get("Content-Encoding") != "" {
		t.Error("it is compressed for whoever refuses that")
	}
	tag := plain.Header().Get("Etag")
	if w := ask(t, s, "GET", "/openapi.json", "If-None-Match", `"x", W/`+tag); w.Code != http.StatusNotModified ||
		w.Body.Len() > 0 {
		t.Errorf("whoever has it is answered %d", w.Code)
	}
	if w := ask(t, s, "GET", "/openapi.json", "If-None-Match", tag, "X-Api-Key", "key"); w.Code != http.StatusOK {
		t.Errorf("a caller who has the public one is answered %d", w.Code)
	}
}

// A Lambda function answers the document, compressed too, below the stage of API Gateway.
func TestTheContractOnLambda(t *testing.T) {
	t.Parallel()
	h := function.NewLambdaHandler(contractService(t), slog.New(slog.DiscardHandler))
	event := `{"version":"2.0","routeKey":"$default","rawPath":"/prod/openapi.json","rawQueryString":"",
		"headers":{"accept-encoding":"gzip"},"requestContext":{"stage":"prod","http":{"method":"GET",
		"path":"/prod/openapi.json","sourceIp":"192.0.2.1"}},"isBase64Encoded":false}`
	out, err := h.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		StatusCode      int
		Body            string
		IsBase64Encoded bool
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	raw, _ := base64.StdEncoding.DecodeString(answer.Body)
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if answer.StatusCode != http.StatusOK || !answer.IsBase64Encoded || err != nil {
		t.Fatalf("%d %v %v", answer.StatusCode, answer.IsBase64Encoded, err)
	}
	if text, err := io.ReadAll(z); err != nil || !json.Valid(text) {
		t.Errorf("not a document: %v", err)
	}
}
