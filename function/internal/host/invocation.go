package host

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Invocation is what an Azure Functions host posts to /NAME, where NAME is a function's,
// unless it hands the request over as it came: for a trigger that is not HTTP, and for all
// where it does not know the setting enableProxyingHttpRequest of host.json (before
// Azure/azure-functions-host pull request 11035, of 2025). "Custom handlers" of the Azure
// Functions documentation has its form under "Request payload".
type Invocation struct {
	Data     map[string]json.RawMessage // by the names of bindings
	Metadata json.RawMessage
}

// ReadInvocation reads the description of an invocation from the body of a request, of
// which it reads at most limit bytes. It returns nil where the request is something else.
func ReadInvocation(r *http.Request, limit int64) *Invocation {
	name := strings.Trim(r.URL.Path, "/")
	if r.Method != http.MethodPost || name == "" || strings.Contains(name, "/") {
		return nil
	}
	var in Invocation
	err := json.NewDecoder(io.LimitReader(r.Body, limit)).Decode(&in)
	if err != nil || len(in.Data) == 0 || len(in.Metadata) == 0 {
		return nil
	}
	return &in
}

// IsHTTP tells whether the trigger was an HTTP request.
func (in *Invocation) IsHTTP() bool {
	for _, data := range in.Data {
		var request struct{ Method, URL string }
		if json.Unmarshal(data, &request) == nil && request.Method != "" && request.URL != "" {
			return true
		}
	}
	return false
}

// WriteOutput answers an invocation by HTTP: its client gets the status, the media type
// and the JSON value body, and the host logs a line. Any answer in another form is a bare
// 500 for the client ("Response payload" of the documentation). The output is named res,
// as in function/function.json.
func WriteOutput(w http.ResponseWriter, status int, mediaType string, body any, log string) {
	type output struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
		Body       any               `json:"body"`
	}
	header := map[string]string{"Content-Type": mediaType, "Cache-Control": "no-store"}
	text, _ := json.Marshal(struct { // texts and numbers always marshal
		Outputs     map[string]output
		Logs        []string
		ReturnValue any
	}{map[string]output{"res": {status, header, body}}, []string{log}, nil})
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n'))
}
