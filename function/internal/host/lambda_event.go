package host

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mayfly/function/internal/pemfile"
	"mayfly/function/internal/platform"
	"mayfly/transform/message"
)

// UnsupportedEventError says that Lambda was invoked with something that is no
// HTTP request, so that there is nobody to give an HTTP answer to. Its name is
// what the Lambda console shows as the error's type.
type UnsupportedEventError struct {
	// Event names what came, such as "an SQS batch".
	Event string
}

func (e *UnsupportedEventError) Error() string {
	return "mayfly answers HTTP requests (API Gateway HTTP and REST APIs, Function URLs, Application Load " +
		"Balancers), and with QUEUE=sqs:URL events of SQS; this event is " + e.Event
}

// lambdaFront is who stands between the client and the function. It decides
// how the request is written down, and how the answer has to be.
type lambdaFront int

const (
	frontV2       lambdaFront = iota // HTTP API with payload 2.0, or Function URL
	frontV1                          // REST API, or HTTP API with payload 1.0
	frontALB                         // load balancer, one value a header
	frontALBMulti                    // load balancer, multi-value headers on
)

// lambdaEvent is the union of the events that carry an HTTP request, and of
// the few members that tell other events apart. One struct means that an event
// is decoded once, whatever it turns out to be; what is not named here (the
// authorizer's claims, stage variables) is skipped without being built.
type lambdaEvent struct {
	Version               string
	Resource              string          // of payload 1.0, as in /{proxy+}
	RouteKey              string          // of payload 2.0, as in ANY /{proxy+}
	PathParameters        json.RawMessage // read by mapped alone
	Type                  string
	HTTPMethod            string
	Path                  string
	RawPath               string
	RawQueryString        string
	Cookies               []string
	Headers               map[string]string
	MultiValueHeaders     map[string][]string
	QueryStringParameters map[string]string
	MultiValueQuery       map[string][]string `json:"multiValueQueryStringParameters"`
	Body                  string
	IsBase64Encoded       bool
	RequestContext        struct {
		ConnectionID string `json:"connectionId"`
		DomainName   string
		Stage        string
		ELB          *struct{}
		HTTP         *struct{ Method, SourceIP string }
		Identity     struct {
			SourceIP   string
			ClientCert clientCert
		}
		Authentication struct{ ClientCert clientCert }
	}

	Records    []struct{ EventSource string } // SNS writes EventSource, SQS eventSource
	Source     string
	DetailType string `json:"detail-type"`
}

// decodeLambdaEvent reads an event, of which there is something even beside an error, and
// says from which front it came. The
// order of the questions matters: a WebSocket event also has an httpMethod,
// and an authorizer's has everything that a request has.
func decodeLambdaEvent(payload []byte) (*lambdaEvent, lambdaFront, error) {
	e := new(lambdaEvent)
	decodeErr := json.Unmarshal(payload, e)
	rc := &e.RequestContext
	var what string
	switch {
	case len(e.Records) > 0:
		what = "a batch of records from " + message.Quote(e.Records[0].EventSource)
	case e.Type == "REQUEST" || e.Type == "TOKEN":
		what = "a Lambda authorizer's " + e.Type
	case decodeErr == nil && rc.ELB != nil && e.HTTPMethod != "":
		if e.MultiValueHeaders != nil {
			return e, frontALBMulti, nil
		}
		return e, frontALB, nil
	case decodeErr == nil && rc.HTTP != nil && rc.HTTP.Method != "":
		return e, frontV2, nil
	case rc.ConnectionID != "":
		what = "a WebSocket's"
	case decodeErr == nil && e.HTTPMethod != "":
		return e, frontV1, nil
	case e.DetailType != "":
		what = "an EventBridge or scheduled event, " + message.Quote(e.DetailType) +
			" from " + message.Quote(e.Source)
	case decodeErr != nil:
		what = "not readable: " + message.Quote(decodeErr.Error())
	default:
		what = "JSON of an unknown kind, with neither httpMethod nor requestContext.http.method"
	}
	return e, 0, &UnsupportedEventError{Event: what}
}

// isSQS reports whether the event is messages of a queue of Amazon SQS.
func (e *lambdaEvent) isSQS() bool {
	return len(e.Records) > 0 && e.Records[0].EventSource == "aws:sqs"
}

// request builds the request as net/http would have read it from a socket.
func (e *lambdaEvent) request(ctx context.Context, front lambdaFront) *http.Request {
	u := e.url(front)
	r := &http.Request{
		Method:     cmp.Or(e.HTTPMethod, http.MethodGet),
		URL:        u,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     e.header(),
		Body:       http.NoBody,
		RequestURI: u.RequestURI(),
	}
	if front == frontV2 {
		r.Method = e.RequestContext.HTTP.Method
	}
	r.Host = cmp.Or(r.Header.Get("Host"), e.RequestContext.DomainName)
	r.RemoteAddr = e.remoteAddr(front, r.Header)
	e.setBody(r)
	// net/http takes these out of the header, too.
	delete(r.Header, "Host")
	delete(r.Header, "Transfer-Encoding")
	dropForeignIdentity(platform.Lambda, r.Header)
	if front == frontV1 || front == frontV2 {
		dropLoadBalancer(r.Header)
		e.setCertificate(r)
	}
	if !e.IsBase64Encoded && strings.Contains(e.Body, replacement) {
		ctx = platform.WithTextBody(ctx, e.remedy(front))
	}
	return r.WithContext(ctx)
}

// replacement is what a front that reads a body as text puts in place of bytes that are
// not UTF-8.
const replacement = "\ufffd"

// remedy says how a front passes bytes unchanged. A REST API knows its binary media types
// from its configuration; the others decide by the Content-Type and encode what is not
// text (API Gateway developer guide, "Content type conversions"; Elastic Load Balancing,
// "Lambda functions as targets").
func (e *lambdaEvent) remedy(front lambdaFront) string {
	if front == frontV1 && e.Version == "" {
		return "set binaryMediaTypes of the REST API to */* and deploy its stage again"
	}
	return "send it with the media type that it has, such as application/cbor or application/octet-stream, " +
		"and not as text or JSON; in a REST API of API Gateway set binaryMediaTypes to */*"
}

// clientCert is what API Gateway says of a client's certificate, after it has
// checked it against its trust store; the chain is not in it.
type clientCert struct {
	PEM string `json:"clientCertPem"`
}

// setCertificate puts the certificate where TLS that ends here would have put
// it. It is in the part of the event that no client can write. What cannot be
// read is no certificate, and who needs one is refused then.
func (e *lambdaEvent) setCertificate(r *http.Request) {
	text := cmp.Or(e.RequestContext.Authentication.ClientCert.PEM, e.RequestContext.Identity.ClientCert.PEM)
	if text == "" {
		return
	}
	if chain, err := pemfile.ParseChain(text); err == nil {
		r.TLS = &tls.ConnectionState{PeerCertificates: chain}
	}
}

// setBody sets the body. One that is not what the event says fails when it is read,
// as a broken one from a socket does.
func (e *lambdaEvent) setBody(r *http.Request) {
	switch {
	case e.Body == "":
	case e.IsBase64Encoded:
		body, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			r.ContentLength = -1
			r.Body = io.NopCloser(failedReader{fmt.Errorf("the event's body is not base64: %w", err)})
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	default:
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(e.Body)), int64(len(e.Body))
	}
	// The header counts the bytes as the front received them. Should that
	// differ from what is here, what is here is right.
	if v := r.Header["Content-Length"]; v != nil {
		v[0] = strconv.FormatInt(r.ContentLength, 10)
		r.Header["Content-Length"] = v[:1]
	}
}

// failedReader is a body that cannot be read.
type failedReader struct{ err error }

func (f failedReader) Read([]byte) (int, error) { return 0, f.err }

// header turns either form of the event's headers to the canonical one. The
// multi-value form is complete where both are given.
func (e *lambdaEvent) header() http.Header {
	h := make(http.Header, max(len(e.Headers), len(e.MultiValueHeaders))+1)
	if len(e.MultiValueHeaders) > 0 {
		for name, values := range e.MultiValueHeaders {
			if len(values) > 0 {
				name = textproto.CanonicalMIMEHeaderKey(name)
				h[name] = append(h[name], values...)
			}
		}
	} else {
		// One array for all the one-element lists, as net/textproto does.
		backing := make([]string, 0, len(e.Headers))
		for name, value := range e.Headers {
			name = textproto.CanonicalMIMEHeaderKey(name)
			if h[name] != nil {
				h[name] = append(h[name], value)
				continue
			}
			backing = append(backing, value)
			h[name] = backing[len(backing)-1 : len(backing) : len(backing)]
		}
	}
	if len(e.Cookies) > 0 {
		h["Cookie"] = []string{strings.Join(e.Cookies, "; ")}
	}
	return h
}

func (e *lambdaEvent) url(front lambdaFront) *url.URL {
	u := new(url.URL)
	path := e.Path
	switch front {
	case frontV2:
		_, resource, _ := strings.Cut(e.RouteKey, " ")
		path, u.RawQuery = e.mapped(e.withoutStage(e.RawPath), resource), e.RawQueryString
	case frontV1:
		// A REST API's path never has the stage, an HTTP API's does, and only
		// the latter numbers its payload.
		if e.Version != "" {
			path = e.withoutStage(path)
		}
		path = e.mapped(path, e.Resource)
		u.RawQuery = e.query(url.QueryEscape)
	case frontALB, frontALBMulti:
		// A load balancer hands the query over as it came: still encoded.
		u.RawQuery = e.query(func(s string) string { return s })
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	escaped := escapePath(path)
	u.Path, _ = url.PathUnescape(escaped) // escapePath leaves nothing that cannot be read
	if u.EscapedPath() != escaped {
		u.RawPath = escaped
	}
	return u
}

// escapePath encodes what can never stand in an encoded path. REST APIs,
// Function URLs and load balancers give the path as the client encoded it, an
// HTTP API gives it decoded; this leaves the former alone and makes the latter
// safe without having to know which one it was.
func escapePath(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	done := 0
	for i := range len(path) {
		c := path[i]
		if c > ' ' && c < 0x7f && c != '?' && c != '#' && (c != '%' || isEscape(path[i:])) {
			continue
		}
		b.WriteString(path[done:i])
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
		done = i + 1
	}
	if done == 0 {
		return path
	}
	b.WriteString(path[done:])
	return b.String()
}

func isEscape(s string) bool {
	isHex := func(c byte) bool {
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
	}
	return len(s) >= 3 && isHex(s[1]) && isHex(s[2])
}

// query writes the parameters as a query string. The order of the keys is lost
// in the event; sorting them makes the same event the same request.
func (e *lambdaEvent) query(escape func(string) string) string {
	var b strings.Builder
	add := func(key, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(key))
		b.WriteByte('=')
		b.WriteString(escape(value))
	}
	if len(e.MultiValueQuery) > 0 {
		for _, key := range slices.Sorted(maps.Keys(e.MultiValueQuery)) {
			for _, value := range e.MultiValueQuery[key] {
				add(key, value)
			}
		}
		return b.String()
	}
	for _, key := range slices.Sorted(maps.Keys(e.QueryStringParameters)) {
		add(key, e.QueryStringParameters[key])
	}
	return b.String()
}

// remoteAddr is the client's address in net/http's form. The port is not
// known. A load balancer tells the address only in X-Forwarded-For, to whose
// end it adds what it saw itself; all before that is the client's own claim.
func (e *lambdaEvent) remoteAddr(front lambdaFront, header http.Header) string {
	ip := e.RequestContext.Identity.SourceIP
	switch front {
	case frontV1:
	case frontV2:
		ip = e.RequestContext.HTTP.SourceIP
	case frontALB, frontALBMulti:
		values := header["X-Forwarded-For"]
		if len(values) == 0 {
			return ""
		}
		last := values[len(values)-1]
		ip = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		if _, _, err := net.SplitHostPort(ip); err == nil {
			return ip // the target group keeps the client's port
		}
	}
	if ip == "" {
		return ""
	}
	return net.JoinHostPort(ip, "0")
}
