package function_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mayfly/emulator"
)

// aws notes what is opened, and lets everything else through.
type aws struct {
	http.RoundTripper
	opened []string
	status int // what it answers; 0 when nobody is there
}

func (a *aws) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.Host, "amazonaws") {
		return a.RoundTripper.RoundTrip(r)
	}
	a.opened = append(a.opened, r.URL.String())
	if a.status == 0 {
		return nil, errors.New("dial: nobody is there")
	}
	return &http.Response{
		StatusCode: a.status,
		Status:     http.StatusText(a.status),
		Header:     http.Header{},
		Body:       io.NopCloser(strings.NewReader("ok")),
	}, nil
}

// AWS IoT asks a destination for its consent by a URL with a token. It is opened
// where the operator has said so, only at AWS, and it stands in no log.
func TestDestinationCheck(t *testing.T) {
	t.Parallel()
	const url = "https://iot.eu-west-1.amazonaws.com/confirmdestination/PLANTED"
	tests := []struct {
		name, url string
		env       []string
		status    int
		opens     bool
		logs      string
	}{
		{name: "not allowed", url: url, logs: "set AWS_CONFIRM_DESTINATIONS=true"},
		{
			name:   "allowed",
			url:    url,
			env:    []string{"AWS_CONFIRM_DESTINATIONS=true"},
			status: 200,
			opens:  true,
			logs:   "confirmed",
		},
		{
			name:   "the token is of no use any more",
			url:    url,
			env:    []string{"AWS_CONFIRM_DESTINATIONS=true"},
			status: 404,
			opens:  true,
			logs:   "could not be confirmed",
		},
		{
			name:  "AWS is away",
			url:   url,
			env:   []string{"AWS_CONFIRM_DESTINATIONS=true"},
			opens: true,
			logs:  "could not be confirmed",
		},
		{
			name:   "in China",
			url:    "https://iot.cn-north-1.amazonaws.com.cn/confirmdestination/PLANTED",
			env:    []string{"AWS_CONFIRM_DESTINATIONS=true"},
			status: 200,
			opens:  true,
			logs:   "confirmed",
		},
		{
			name: "somebody else's",
			url:  "https://amazonaws.com.evil.example/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
		{
			name: "somebody's bucket",
			url:  "https://iot.s3.eu-west-1.amazonaws.com/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
		{
			name: "somebody's API",
			url:  "https://a1b2.execute-api.eu-west-1.amazonaws.com/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
		{
			name: "a name that ends alike",
			url:  "https://evilamazonaws.com/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
		{
			name: "not encrypted",
			url:  "http://iot.eu-west-1.amazonaws.com/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
		{
			name: "another port",
			url:  "https://iot.eu-west-1.amazonaws.com:8443/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
		{
			name: "with a user",
			url:  "https://a:b@iot.eu-west-1.amazonaws.com/PLANTED",
			env:  []string{"AWS_CONFIRM_DESTINATIONS=true"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
			if err != nil {
				t.Fatal(err)
			}
			upstream := &aws{RoundTripper: azure.RoundTripper(), status: tt.status}
			h := bridgeOn(t, azure, upstream, "", append(tt.env, "AUTH=none")...)
			got := h.send(
				http.MethodPost,
				"/api/aws-lorawan",
				`{"arn":"arn:aws:iot:eu-west-1:0:ruledestination/http/0","confirmationToken":"PLANTED",`+
					`"enableUrl":"`+tt.url+`","messageType":"DestinationConfirmation"}`,
				"X-Amz-Rules-Engine-Message-Type",
				"DestinationConfirmation",
				"Content-Type",
				"application/json",
			)
			if got != ok {
				t.Errorf("answered %q", got)
			}
			if tt.opens != (len(upstream.opened) == 1) || tt.opens && upstream.opened[0] != tt.url {
				t.Errorf("opened %q", upstream.opened)
			}
			if text := h.log.String(); strings.Contains(text, "PLANTED") || !strings.Contains(text, tt.logs) {
				t.Errorf("log: %s", text)
			}
			if n := len(azure.Events()); n != 0 {
				t.Errorf("%d events", n)
			}
		})
	}
}

// What a platform adds to the query is no measurement, whatever route reads the query.
func TestQueryOfThePlatform(t *testing.T) {
	t.Parallel()
	const sources = `sources:
  - {name: query, methods: [GET, POST], deviceId: .id, measurements: "del(.id)"}
`
	const old = "code=SECRET&clientId=default"
	for _, tt := range []struct {
		name, method, target, contentType, body, want string
		env                                           []string
	}{
		{"a query for a body", http.MethodGet, "/api/query?id=d-1&t=21.5&" + old, "", "", `{"t":"21.5"}`, nil},
		{"on Functions", http.MethodGet, "/api/query?id=d-1&t=21.5&" + old, "", "", `{"t":"21.5"}`,
			[]string{"FUNCTIONS_CUSTOMHANDLER_PORT=7072"}},
		{"on Functions, key alone", http.MethodGet, "/api/query?id=d-1&t=21.5&code=SECRET", "", "", `{"t":"21.5"}`,
			[]string{"FUNCTIONS_CUSTOMHANDLER_PORT=7072"}},
		{"a form", http.MethodPost, "/api/query?" + old, "application/x-www-form-urlencoded", "id=d-1&t=21.5",
			`{"t":"21.5"}`, nil},
		{"a device's form", http.MethodPost, "/api/devices/d-1/telemetry?" + old, "application/x-www-form-urlencoded",
			"t=21.5", `{"t":21.5}`, nil},
		{"native", http.MethodPost, "/api/telemetry?" + old, "application/json",
			`{"device":{"deviceId":"d-1"},"measurements":{"t":21.5}}`, `{"t":21.5}`, nil},
		{"detected", http.MethodGet, "/api/ingest?id=d-1&lat=1&lon=2&timestamp=1773482400&" + old, "", "", "", nil},
		{"a weather station", http.MethodGet, "/api/wunderground?ID=d-1&PASSWORD=x&tempf=70.7&dateutc=now&" + old,
			"", "", "", nil},
	} {
		h := newBridge(t, sources, append([]string{"AUTH=none"}, tt.env...)...)
		headers := []string{}
		if tt.contentType != "" {
			headers = []string{"Content-Type", tt.contentType}
		}
		if got := h.send(tt.method, tt.target, tt.body, headers...); got != ok {
			t.Errorf("%s: %s", tt.name, got)
			continue
		}
		event := h.azure.Events()[0]
		if body := string(event.Body); strings.Contains(body, "clientId") || strings.Contains(body, "SECRET") ||
			tt.want != "" && body != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, body, tt.want)
		}
		if strings.Contains(h.log.String(), "SECRET") {
			t.Errorf("%s: the key is in the log", tt.name)
		}
	}
}
