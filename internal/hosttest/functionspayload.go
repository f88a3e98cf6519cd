package hosttest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// oldHostVersion is the version of a Functions host that does not know proxying.
const oldHostVersion = "4.1037.0.23568"

// WithoutProxying returns a handler that serves the app as a host does that does not know enableProxyingHttpRequest: it
// posts the description of each invocation to the handler, and answers what the output res says. Anything that it
// cannot read is a bare 500.
func (h *FunctionsHost) WithoutProxying(functionName string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		path := strings.Trim(r.URL.Path, "/")
		event := encode(object{
			"Data": object{"req": object{
				"Url": "https://" + r.Host + r.URL.RequestURI(), "Method": r.Method, "Query": "{}", "Headers": r.Header,
				"Params": object{"path": path}, "Identities": []any{}, "Body": string(body),
			}},
			"Metadata": object{"path": `"` + path + `"`, "sys": object{"MethodName": functionName}},
		})
		url := "http://" + h.HandlerAddr() + "/" + functionName
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, bytes.NewReader(event))
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		req.Header.Set("X-Azure-Functions-InvocationId", rand.Text())
		req.Header.Set("X-Azure-Functions-HostVersion", oldHostVersion)
		writeOutput(w, req)
	})
}

// writeOutput sends an invocation and writes its output res.
func writeOutput(w http.ResponseWriter, req *http.Request) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer func() { _ = res.Body.Close() }()
	var result struct {
		Outputs struct {
			Res struct {
				StatusCode int               `json:"statusCode"`
				Headers    map[string]string `json:"headers"`
				Body       json.RawMessage   `json:"body"`
			} `json:"res"`
		}
		Logs []string
	}
	err = json.NewDecoder(res.Body).Decode(&result)
	out := result.Outputs.Res
	if err != nil || res.StatusCode/100 != 2 || out.StatusCode == 0 || out.Body == nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	for name, value := range out.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(out.StatusCode)
	_, _ = w.Write(out.Body)
}
