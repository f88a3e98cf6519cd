package function

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Host is where the process runs.
type Host int

// The hosts that one binary serves on.
const (
	HostServer    Host = iota // a plain HTTP server: a container, a machine, a laptop
	HostLambda                // AWS Lambda, behind API Gateway, a Function URL or a load balancer
	HostFunctions             // Azure Functions, as a custom handler
)

// String names the host as the log and the metrics name it.
func (h Host) String() string {
	switch h {
	case HostServer:
		return "server"
	case HostLambda:
		return "lambda"
	case HostFunctions:
		return "functions"
	default:
		return fmt.Sprintf("Host(%d)", int(h))
	}
}

// The variables by which the two clouds tell a process that it is theirs.
const (
	envLambda    = "AWS_LAMBDA_RUNTIME_API"
	envFunctions = "FUNCTIONS_CUSTOMHANDLER_PORT"
)

// DetectHost tells from the environment where the process runs. Lambda is
// asked for first: nothing else sets its variable.
func DetectHost(getenv func(string) string) Host {
	switch {
	case getenv(envLambda) != "":
		return HostLambda
	case getenv(envFunctions) != "":
		return HostFunctions
	default:
		return HostServer
	}
}

// ServeOptions say where and how [Serve] serves.
type ServeOptions struct {
	// Host is where the process runs; see [DetectHost].
	Host Host
	// Addr is host:port of the plain server.
	Addr string
	// FunctionsPort is the value of FUNCTIONS_CUSTOMHANDLER_PORT.
	FunctionsPort string
	// Log takes what happens outside of a request. Nil is slog.Default().
	Log *slog.Logger
	// Ready is called once, when the socket listens. On Lambda nothing
	// listens and it is not called. May be nil.
	Ready func(net.Addr)
	// ShutdownTimeout is what requests in flight get when the context ends.
	// Zero is 30 seconds.
	ShutdownTimeout time.Duration
	// TLS makes the plain server speak HTTPS. May be nil.
	TLS *tls.Config
	// RequestTimeout is the longest that the handler works on a request; the
	// socket's own time limits stay above it. Zero is 30 seconds.
	RequestTimeout time.Duration
}

// Serve runs h on its host until ctx is done or the host ends it.
//
// On the plain server and on Azure Functions it returns nil after a graceful
// stop. On Lambda it does not return: the platform ends the process, and when
// the Runtime API fails the process exits with status 1, which is how Lambda
// learns that the environment is broken.
//
// Every request's context carries a [RequestID]. On Lambda it also carries a
// deadline, [LambdaMargin] before the platform's own. A panic that h lets out
// is answered 500, with the same body on each host.
func Serve(ctx context.Context, o ServeOptions, h http.Handler) error {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	switch o.Host {
	case HostLambda:
		startLambda(ctx, h, o.Log)
		return errors.New("function: the Lambda runtime loop ended")
	case HostServer, HostFunctions:
		return serveHTTP(ctx, o, h)
	default:
		return fmt.Errorf("function: no such host: %v", o.Host)
	}
}

type requestIDKey struct{}

// RequestID is the host's name for the request that ctx belongs to: Lambda's
// request id, the Functions host's invocation id, or on a plain server the
// caller's X-Request-Id (when it is at most 128 printable characters) or a new
// one. It is empty outside of a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestIDOf(host Host, header http.Header) string {
	name := "X-Request-Id"
	if host == HostFunctions {
		name = "X-Azure-Functions-Invocationid"
	}
	if v := header[name]; len(v) > 0 && printable(v[0]) {
		return v[0]
	}
	var id [16]byte
	draw(&id)
	return hex.EncodeToString(id[:])
}

// dropForeignIdentity removes the headers in which Azure's front end says who
// the caller is. Only behind that front end are they Azure's words; anywhere
// else they are the caller's, and nothing above must be able to mistake them.
func dropForeignIdentity(host Host, header http.Header) {
	if host == HostFunctions {
		return
	}
	for name := range header {
		if !strings.HasPrefix(name, "X-") {
			continue
		}
		if name == "X-Arr-Clientcert" ||
			strings.HasPrefix(name, "X-Ms-Client-Principal") ||
			strings.HasPrefix(name, "X-Ms-Token-") ||
			strings.HasPrefix(name, "X-Azure-Functions-") {
			delete(header, name)
		}
	}
}

// dropLoadBalancer removes the headers in which an AWS load balancer hands over
// a client's certificate, wherever there is none in front.
func dropLoadBalancer(header http.Header) {
	for name := range header {
		if strings.HasPrefix(name, "X-Amzn-Mtls-") {
			delete(header, name)
		}
	}
}

// internalProblem is the last resort's answer. It is written out so that it
// depends on nothing that may be broken at that moment.
const internalProblem = `{"type":"about:blank","title":"Internal error","status":500,` +
	`"detail":"The request could not be finished because of a fault in the bridge; it is safe to send it again.",` +
	`"code":"internal","retryable":true}`

const problemType = "application/problem+json"

func writeInternal(w http.ResponseWriter) {
	header := w.Header()
	clear(header)
	header["Content-Type"] = []string{problemType}
	header["Retry-After"] = []string{"10"}
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(internalProblem))
}

func logPanic(ctx context.Context, log *slog.Logger, value any) {
	log.ErrorContext(ctx, "the handler panicked",
		"requestId", RequestID(ctx), "panic", fmt.Sprint(value), "stack", string(debug.Stack()))
}
