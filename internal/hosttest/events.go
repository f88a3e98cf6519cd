package hosttest

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// clientIP is the client's address in all events (one of the addresses reserved for documentation).
const clientIP = "198.51.100.7"

type object = map[string]any

// V2Event is r as an HTTP API with payload format 2.0 and the stage $default sends it to a function. Such an API
// decodes the path, in spite of the name rawPath.
func V2Event(r *http.Request, body []byte) []byte {
	return v2(r, body, r.URL.Path, "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com")
}

// FunctionURLEvent is r as a Function URL sends it: payload format 2.0 with the path as the client encoded it.
func FunctionURLEvent(r *http.Request, body []byte) []byte {
	return v2(r, body, r.URL.EscapedPath(), "a1b2c3d4e5.lambda-url.eu-central-1.on.aws")
}

func v2(r *http.Request, body []byte, path, domain string) []byte {
	headers := map[string]string{}
	for name, values := range received(r, body) {
		if name != "Cookie" {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	query := map[string]string{}
	for key, values := range r.URL.Query() {
		query[key] = strings.Join(values, ",")
	}
	event := object{
		"version":        "2.0",
		"routeKey":       "$default",
		"rawPath":        path,
		"rawQueryString": r.URL.RawQuery,
		"headers":        headers,
		"requestContext": object{
			"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": domain, "domainPrefix": "a1b2c3d4e5",
			"http": object{
				"method": r.Method, "path": path, "protocol": "HTTP/1.1",
				"sourceIp": clientIP, "userAgent": r.UserAgent(),
			},
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
			"time": "21/Nov/2026:20:10:00 +0000", "timeEpoch": 1795291800000,
		},
		"isBase64Encoded": false,
	}
	if len(query) > 0 {
		event["queryStringParameters"] = query
	}
	var cookies []string
	for _, line := range r.Header["Cookie"] {
		cookies = append(cookies, strings.Split(line, "; ")...)
	}
	if len(cookies) > 0 {
		event["cookies"] = cookies
	}
	setBody(event, body, !isText(r.Header, body))
	return encode(event)
}

// V1Event is r as a REST API with binary media types sends it: the query is decoded, and a body that is not UTF-8 is in
// base64.
func V1Event(r *http.Request, body []byte) []byte {
	multi := received(r, body)
	var query map[string][]string
	if r.URL.RawQuery != "" {
		query = r.URL.Query()
	}
	event := object{
		"resource": "/{proxy+}", "path": r.URL.EscapedPath(), "httpMethod": r.Method,
		"headers": last(multi), "multiValueHeaders": multi,
		"queryStringParameters": last(query), "multiValueQueryStringParameters": query,
		"pathParameters": object{"proxy": strings.TrimPrefix(r.URL.Path, "/")}, "stageVariables": nil,
		"requestContext": object{
			"accountId": "123456789012", "apiId": "f5g6h7i8j9", "resourceId": "k1l2m3", "resourcePath": "/{proxy+}",
			"httpMethod": r.Method, "path": "/prod" + r.URL.EscapedPath(), "stage": "prod", "protocol": "HTTP/1.1",
			"requestId":  "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
			"domainName": "f5g6h7i8j9.execute-api.eu-central-1.amazonaws.com",
			"identity":   object{"sourceIp": clientIP, "userAgent": r.UserAgent(), "apiKey": nil},
		},
		"body": nil, "isBase64Encoded": false,
	}
	setBody(event, body, !utf8.Valid(body))
	return encode(event)
}

// ALBEvent is r as an Application Load Balancer sends it. Without multi (the target group's attribute for multi-value
// headers) a repeated header or query key keeps only its last value; the query stays encoded.
func ALBEvent(r *http.Request, body []byte, multi bool) []byte {
	headers := map[string][]string{}
	for name, values := range received(r, body) {
		headers[strings.ToLower(name)] = values
	}
	query := map[string][]string{}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if key, value, _ := strings.Cut(pair, "="); pair != "" {
			query[key] = append(query[key], value)
		}
	}
	event := object{
		"requestContext": object{"elb": object{
			"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:" +
				"targetgroup/mayfly/0123456789abcdef",
		}},
		"httpMethod": r.Method, "path": r.URL.EscapedPath(), "body": "", "isBase64Encoded": false,
	}
	if multi {
		event["multiValueHeaders"], event["multiValueQueryStringParameters"] = headers, query
	} else {
		event["headers"], event["queryStringParameters"] = last(headers), last(query)
	}
	setBody(event, body, !isText(r.Header, body))
	return encode(event)
}

// received is the header as the front got it, with what the front adds.
func received(r *http.Request, body []byte) http.Header {
	h := r.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	h.Set("Host", host)
	// Clients send Content-Length: 0 too, with methods that can have a body.
	if len(body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	// Only the last address in the list is seen by the front itself.
	forwarded := slices.Concat(h["X-Forwarded-For"], []string{clientIP})
	h["X-Forwarded-For"] = []string{strings.Join(forwarded, ", ")}
	h.Set("X-Forwarded-Port", "443")
	h.Set("X-Forwarded-Proto", "https")
	h.Set("X-Amzn-Trace-Id", "Root=1-5c34e93e-4dea0086f9763ac0667b115a")
	return h
}

// isText follows the load balancer's documentation (text/*, JSON, JavaScript and XML without a Content-Encoding). The
// other fronts are similar.
func isText(h http.Header, body []byte) bool {
	if h.Get("Content-Encoding") != "" || !utf8.Valid(body) {
		return false
	}
	if h.Get("Content-Type") == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err != nil:
		return false
	case strings.HasPrefix(media, "text/"):
		return true
	default:
		return media == "application/json" || media == "application/javascript" || media == "application/xml"
	}
}

func setBody(event object, body []byte, asBase64 bool) {
	switch {
	case len(body) == 0:
	case asBase64:
		event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	default:
		event["body"] = string(body)
	}
}

func last(multi map[string][]string) map[string]string {
	if multi == nil {
		return nil
	}
	single := make(map[string]string, len(multi))
	for key, values := range multi {
		if len(values) > 0 {
			single[key] = values[len(values)-1]
		}
	}
	return single
}

func encode(event object) []byte {
	b, err := json.Marshal(event)
	if err != nil {
		panic(err) // maps of strings can always be marshaled
	}
	return b
}

// serverView turns a request as a client writes it into what the first proxy reads.
func serverView(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	if r.URL.Path == "" {
		r.URL = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: "/", RawQuery: r.URL.RawQuery}
	}
	if host, port, err := net.SplitHostPort(r.URL.Host); err == nil && (port == "80" || port == "443") {
		r.URL.Host = host
	}
	return r
}
