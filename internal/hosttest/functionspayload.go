package hosttest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
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

// Queue hands a message of a storage queue to the function functionName as the host does, which writes a text as JSON
// and that into a JSON string once more. It returns the handler's answer: with any status but 2xx the host keeps the
// message.
func (h *FunctionsHost) Queue(tb testing.TB, functionName, text string, dequeued int) (status int, body string) {
	tb.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		tb.Fatal(err)
	}
	event := encode(object{
		"Data": object{"message": string(quoted)},
		"Metadata": object{
			"Id": `"` + rand.Text() + `"`, "DequeueCount": strconv.Itoa(dequeued), "PopReceipt": `"AgAAAAMAAAAAAAAA"`,
			"InsertionTime": `"2026-11-28T01:02:03+00:00"`, "sys": object{"MethodName": functionName},
		},
	})
	url := "http://" + h.HandlerAddr() + "/" + functionName
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, bytes.NewReader(event))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Azure-Functions-Host/"+hostVersion)
	req.Header.Set("X-Azure-Functions-InvocationId", rand.Text())
	req.Header.Set("X-Azure-Functions-HostVersion", hostVersion)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode/100 == 2 && !json.Valid(answer) {
		tb.Errorf("answer %q: the invocation would never end", answer)
	}
	return res.StatusCode, string(answer)
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
