package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"mayfly/function/internal/platform"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/sanitize"
)

// MaxHead is how many bytes the request line and the headers of a request may have; net/http allows for 4 KiB more.
const MaxHead = 32 << 10

// Options say where and how [Serve] serves.
type Options struct {
	// Host is where the process runs; see [DetectHost].
	Host platform.Kind
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
	// MaxConnections is how many connections the server has at one time. Zero is 4096.
	MaxConnections int
	// MaxHead is how many bytes the request line and the headers may have. Zero is [MaxHead].
	MaxHead int
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
func Serve(ctx context.Context, o Options, h http.Handler) error {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	switch o.Host {
	case platform.Lambda:
		startLambda(ctx, h, o.Log)
		return errors.New("host: the Lambda runtime loop ended")
	case platform.Server, platform.Functions:
		return serveHTTP(ctx, o, h)
	default:
		return fmt.Errorf("host: no such host: %v", o.Host)
	}
}

func requestIDOf(host platform.Kind, header http.Header) string {
	name := "X-Request-Id"
	if host == platform.Functions {
		name = "X-Azure-Functions-Invocationid"
	}
	if v := header[name]; len(v) > 0 && sanitize.Printable(v[0]) {
		return v[0]
	}
	return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) //nolint:gosec // a name is not a secret
}

// dropForeignIdentity removes the headers in which Azure's front end says who
// the caller is. Only behind that front end are they Azure's words; anywhere
// else they are the caller's, and nothing above must be able to mistake them.
func dropForeignIdentity(host platform.Kind, header http.Header) {
	if host == platform.Functions {
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

func writeInternal(w http.ResponseWriter) {
	header := w.Header()
	connection := header["Connection"]
	clear(header)
	if connection != nil {
		header["Connection"] = connection
	}
	header["Content-Type"] = []string{problem.MediaType}
	header["Retry-After"] = []string{"10"}
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(internalProblem))
}
