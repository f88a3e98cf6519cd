package hosttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Front is something between a client and a Lambda function: it turns the request into an event and reads the answer.
type Front struct {
	// Name is "http-api", "function-url", "rest-api", "alb" or "alb-multi".
	Name string
	// OneValue means that only the last of a repeated header, query key or cookie reaches the function.
	OneValue bool
	Event    func(r *http.Request, body []byte) []byte
	Response func(answer []byte) (*http.Response, error)
}

// Fronts returns all fronts.
func Fronts() []Front {
	return []Front{
		{Name: "http-api", Event: V2Event, Response: ParseV2},
		{Name: "function-url", Event: FunctionURLEvent, Response: ParseV2},
		{Name: "rest-api", Event: V1Event, Response: ParseV1},
		{
			Name: "alb", OneValue: true,
			Event:    func(r *http.Request, body []byte) []byte { return ALBEvent(r, body, false) },
			Response: func(answer []byte) (*http.Response, error) { return ParseALB(answer, false) },
		},
		{
			Name:     "alb-multi",
			Event:    func(r *http.Request, body []byte) []byte { return ALBEvent(r, body, true) },
			Response: func(answer []byte) (*http.Response, error) { return ParseALB(answer, true) },
		},
	}
}

// AsText returns the front as one that passes every body as text, as a REST API without binaryMediaTypes does: U+FFFD
// stands for each byte that is not UTF-8.
func (f Front) AsText() Front {
	asBytes := f.Event
	f.Name += ", as text"
	f.Event = func(r *http.Request, body []byte) []byte {
		var event object
		if err := json.Unmarshal(asBytes(r, body), &event); err != nil {
			panic(err) // it was encoded a moment ago
		}
		if len(body) > 0 {
			event["body"], event["isBase64Encoded"] = string([]rune(string(body))), false
		}
		return encode(event)
	}
	return f
}

// OnDomain returns an API of API Gateway behind a custom domain whose mapping has a base path, as in /iot. The function
// is the integration of the route /{proxy+}. The clients' paths do not have the base path; the front adds it.
func (f Front) OnDomain(base string) Front {
	direct := f.Event
	f.Name += ", on a domain with " + base
	f.Event = func(r *http.Request, body []byte) []byte {
		var event object
		if err := json.Unmarshal(direct(r, body), &event); err != nil {
			panic(err) // it was encoded a moment ago
		}
		about, _ := event["requestContext"].(object)
		about["domainName"] = "iot.example.com"
		if path, ok := event["rawPath"].(string); ok {
			event["rawPath"], event["routeKey"] = base+path, "ANY /{proxy+}"
			event["pathParameters"] = object{"proxy": strings.Trim(path, "/")}
			if inner, ok := about["http"].(object); ok {
				inner["path"] = base + path
			}
			return encode(event)
		}
		path, _ := event["path"].(string)
		event["path"], about["path"] = base+path, base+path
		return encode(event)
	}
	return f
}

// Client returns a client that sends its requests through the front to invoke, which is [RuntimeAPI.Invoker] or
// [Direct]. No network is used, whatever the URL's host is.
func (f Front) Client(invoke func(ctx context.Context, event []byte) ([]byte, error)) *http.Client {
	return &http.Client{
		Transport: frontTransport{front: f, invoke: invoke},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

type frontTransport struct {
	front  Front
	invoke func(context.Context, []byte) ([]byte, error)
}

func (t frontTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("hosttest: read the request: %w", err)
		}
	}
	answer, err := t.invoke(r.Context(), t.front.Event(serverView(r), body))
	if err != nil {
		return nil, err
	}
	resp, err := t.front.Response(answer)
	if err != nil {
		return nil, fmt.Errorf("hosttest: %s: %w", t.front.Name, err)
	}
	resp.Request = r
	if r.Method == http.MethodHead {
		resp.Body, resp.ContentLength = http.NoBody, -1
	}
	return resp, nil
}

type answer struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription *string             `json:"statusDescription"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Cookies           []string            `json:"cookies"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// ParseV2 reads an answer as an HTTP API and a Function URL do. By their rules an answer without a statusCode is a 200
// whose body is the JSON itself; here it is an error, because a function that does so has forgotten something.
func ParseV2(b []byte) (*http.Response, error) {
	a, err := parse(b)
	if err != nil {
		return nil, err
	}
	if a.MultiValueHeaders != nil || a.StatusDescription != nil {
		return nil, errors.New("multiValueHeaders and statusDescription are not part of payload format 2.0")
	}
	h := single(a.Headers)
	if h["Set-Cookie"] != nil {
		return nil, errors.New("in payload format 2.0 Set-Cookie belongs in cookies")
	}
	if len(a.Cookies) > 0 {
		h["Set-Cookie"] = a.Cookies
	}
	return a.response(h)
}

// ParseV1 reads an answer as a REST API does.
func ParseV1(b []byte) (*http.Response, error) {
	a, err := parse(b)
	if err != nil {
		return nil, err
	}
	if a.Cookies != nil || a.StatusDescription != nil {
		return nil, errors.New("malformed Lambda proxy response: " +
			"cookies and statusDescription are not part of payload format 1.0")
	}
	h := single(a.Headers)
	for name, values := range a.MultiValueHeaders {
		h[http.CanonicalHeaderKey(name)] = values
	}
	return a.response(h)
}

// ParseALB reads an answer as a load balancer does, which ignores headers in the form that its target group is not set
// to.
func ParseALB(b []byte, multi bool) (*http.Response, error) {
	a, err := parse(b)
	if err != nil {
		return nil, err
	}
	if a.StatusDescription == nil || !strings.HasPrefix(*a.StatusDescription, strconv.Itoa(a.StatusCode)) {
		return nil, errors.New("statusDescription must begin with the status code")
	}
	if multi && a.Headers != nil || !multi && a.MultiValueHeaders != nil || a.Cookies != nil {
		return nil, fmt.Errorf("headers in a form that is ignored (multi-value headers on: %t)", multi)
	}
	h := single(a.Headers)
	for name, values := range a.MultiValueHeaders {
		h[http.CanonicalHeaderKey(name)] = values
	}
	return a.response(h)
}

func parse(b []byte) (*answer, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	a := new(answer)
	if err := dec.Decode(a); err != nil {
		return nil, fmt.Errorf("malformed answer: %w: %.200s", err, b)
	}
	if a.StatusCode < 200 || a.StatusCode > 599 {
		return nil, fmt.Errorf("malformed answer: statusCode %d", a.StatusCode)
	}
	return a, nil
}

func single(headers map[string]string) http.Header {
	h := make(http.Header, len(headers))
	for name, value := range headers {
		h.Set(name, value)
	}
	return h
}

func (a *answer) response(h http.Header) (*http.Response, error) {
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(a.Body); err != nil {
			return nil, fmt.Errorf("the body is not base64: %w", err)
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return &http.Response{
		Status:     strconv.Itoa(a.StatusCode) + " " + http.StatusText(a.StatusCode),
		StatusCode: a.StatusCode, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}
