package host_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"mayfly/function/internal/host"
	"mayfly/function/internal/platform"
	"mayfly/function/internal/requestlog"
)

func TestDetectHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  map[string]string
		want platform.Kind
	}{
		{"server", nil, platform.Server},
		{"server-with-port", map[string]string{"PORT": "8080"}, platform.Server},
		{"lambda", map[string]string{"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}, platform.Lambda},
		{"functions", map[string]string{"FUNCTIONS_CUSTOMHANDLER_PORT": "40000", "PORT": "80"}, platform.Functions},
		{"both", map[string]string{"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "FUNCTIONS_CUSTOMHANDLER_PORT": "1"},
			platform.Lambda},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := platform.Detect(func(name string) string { return tt.env[name] }); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestHostString(t *testing.T) {
	t.Parallel()
	for host, want := range map[platform.Kind]string{
		platform.Server: "server", platform.Lambda: "lambda", platform.Functions: "functions", 9: "Host(9)",
	} {
		if got := host.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestServeRefusesUnknownHost(t *testing.T) {
	t.Parallel()
	err := host.Serve(t.Context(), host.Options{Host: 9}, http.NotFoundHandler())
	if err == nil || !strings.Contains(err.Error(), "Host(9)") {
		t.Errorf("got %v", err)
	}
}

func TestRequestIDOutsideOfARequest(t *testing.T) {
	t.Parallel()
	if id := requestlog.ID(context.Background()); id != "" {
		t.Errorf("got %q", id)
	}
}

// Ensure that a caller's id is taken over only if it is safe to print, and
// that each host's own is known.
func TestRequestID(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(requestlog.ID(r.Context())))
	})
	url, client := serveProbe(t, echo), socketClient(t)
	const generated = ""
	for _, tt := range []struct{ name, header, value, want string }{
		{"none", "", "", generated},
		{"given", "X-Request-Id", "7f3a-42", "7f3a-42"},
		{"longest", "X-Request-Id", strings.Repeat("x", 128), strings.Repeat("x", 128)},
		{"too-long", "X-Request-Id", strings.Repeat("x", 129), generated},
		{"empty", "X-Request-Id", "", generated},
		{"space", "X-Request-Id", "a b", generated},
		{"not-ascii", "X-Request-Id", "ü", generated},
		{"azure-elsewhere", "X-Azure-Functions-InvocationId", "pretended", generated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := hostRequest{method: "GET", target: "/", header: http.Header{}}
			if tt.header != "" {
				q.header.Set(tt.header, tt.value)
			}
			got := q.send(t, client, url).Body
			switch {
			case tt.want != generated && got != tt.want:
				t.Errorf("got %q, want %q", got, tt.want)
			case tt.want == generated && (len(got) != 32 || got == tt.value):
				t.Errorf("got %q, want a generated one", got)
			}
		})
	}
}

// Ensure that nobody can pretend to have been checked by Azure's front end.
func TestForeignIdentityIsDropped(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	for _, name := range []string{
		"X-Arr-ClientCert", "X-MS-CLIENT-PRINCIPAL", "X-MS-CLIENT-PRINCIPAL-ID", "X-MS-TOKEN-AAD-ID-TOKEN",
		"X-Azure-Functions-InvocationId", "X-Azure-Functions-HostVersion",
	} {
		header.Set(name, "pretended")
	}
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range header {
			if r.Header.Get(name) != "" {
				_, _ = w.Write([]byte(name + "\n"))
			}
		}
	})
	q := hostRequest{method: "GET", target: "/", header: header}
	if got := q.send(t, socketClient(t), serveProbe(t, show)); got.Body != "" {
		t.Errorf("the plain server let through:\n%s", got.Body)
	}
	if got := q.send(t, lambdaClient(t, show), "http://mayfly.example"); got.Body != "" {
		t.Errorf("Lambda let through:\n%s", got.Body)
	}
}
