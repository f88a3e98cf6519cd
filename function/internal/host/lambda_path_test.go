package host_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"mayfly/function/internal/host"
	"mayfly/internal/hosttest"
)

// The path that the handler sees is the one within the API, whatever a custom domain, a
// stage or a resource in front adds. The events of REST APIs on custom domains are as
// aws-powertools/powertools-lambda-python issue 576 and localstack pull request 12296
// have them.
func TestLambdaBasePath(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	rest := func(path, contextPath, resource string, parameters object) object {
		return object{"httpMethod": "POST", "path": path, "resource": resource, "pathParameters": parameters,
			"requestContext": object{"path": contextPath, "stage": "prod", "resourcePath": resource}}
	}
	http2 := func(path, routeKey, stage string, parameters object) object {
		return object{"version": "2.0", "rawPath": path, "routeKey": routeKey, "pathParameters": parameters,
			"requestContext": object{"stage": stage, "http": object{"method": "POST", "path": path}}}
	}
	proxy := func(path string) object { return object{"proxy": path} }
	v1 := rest("/prod/iot/api/telemetry", "/prod/iot/api/telemetry", "/{proxy+}", proxy("api/telemetry"))
	v1["version"] = "1.0"
	for _, tt := range []struct {
		name  string
		event object
		want  string
	}{
		{"REST API", rest("/api/telemetry", "/prod/api/telemetry", "/{proxy+}", proxy("api/telemetry")),
			"/api/telemetry"},
		{"REST API, domain without a base path",
			rest("/api/telemetry", "/api/telemetry", "/{proxy+}", proxy("api/telemetry")), "/api/telemetry"},
		{"REST API, base path", rest("/iot/api/telemetry", "/iot/api/telemetry", "/{proxy+}", proxy("api/telemetry")),
			"/api/telemetry"},
		{"REST API, base path of two segments",
			rest("/iot/v1/api/telemetry", "/iot/v1/api/telemetry", "/{proxy+}", proxy("api/telemetry")),
			"/api/telemetry"},
		{"REST API, base path and a stage that the mapping does not name",
			rest("/iot/prod/api/telemetry", "/iot/prod/api/telemetry", "/{proxy+}", proxy("api/telemetry")),
			"/api/telemetry"},
		{"REST API, no base path and a stage that the mapping does not name",
			rest("/prod/api/telemetry", "/prod/api/telemetry", "/{proxy+}", proxy("api/telemetry")), "/api/telemetry"},
		{"REST API, base path, slash at the end",
			rest("/iot/api/telemetry/", "/iot/api/telemetry/", "/{proxy+}", proxy("api/telemetry")), "/api/telemetry/"},
		{"REST API, base path, encoded segment",
			rest("/iot/api/devices/a%20b/telemetry", "", "/{proxy+}", proxy("api/devices/a b/telemetry")),
			"/api/devices/a b/telemetry"},
		{"REST API, base path, root", rest("/iot", "/iot", "/", nil), "/"},
		{"REST API, base path, health", rest("/iot/healthz", "/iot/healthz", "/{proxy+}", proxy("healthz")),
			"/healthz"},
		{"REST API, base path /api", rest("/api/api/tts", "/api/api/tts", "/{proxy+}", proxy("api/tts")), "/api/tts"},
		{"REST API, base path that completes the route",
			rest("/api/tts", "/api/tts", "/{proxy+}", proxy("tts")), "/api/tts"},
		{"REST API, a resource for each route", rest("/iot/api/devices/d-1/telemetry", "/iot/api/devices/d-1/telemetry",
			"/api/devices/{id}/telemetry", object{"id": "d-1"}), "/api/devices/d-1/telemetry"},
		{"REST API with other resources",
			rest("/iot/api/tts", "/prod/iot/api/tts", "/iot/{proxy+}", proxy("api/tts")), "/api/tts"},
		{"REST API with other resources, base path",
			rest("/v1/iot/api/tts", "/v1/iot/api/tts", "/iot/{proxy+}", proxy("api/tts")), "/api/tts"},
		{"REST API, nothing of ours", rest("/iot/favicon.ico", "/iot/favicon.ico", "/{proxy+}", proxy("favicon.ico")),
			"/iot/favicon.ico"},
		{"REST API, a resource that does not fit", rest("/iot/api/tts", "", "/{other+}", proxy("api/tts")),
			"/iot/api/tts"},
		{"HTTP API", http2("/api/telemetry", "ANY /{proxy+}", "$default", proxy("api/telemetry")), "/api/telemetry"},
		{"HTTP API, stage", http2("/prod/api/telemetry", "ANY /{proxy+}", "prod", proxy("api/telemetry")),
			"/api/telemetry"},
		{"HTTP API, mapping", http2("/iot/api/telemetry", "POST /{proxy+}", "$default", proxy("api/telemetry")),
			"/api/telemetry"},
		{"HTTP API, stage and mapping",
			http2("/prod/iot/api/telemetry", "POST /{proxy+}", "prod", proxy("api/telemetry")),
			"/api/telemetry"},
		{"HTTP API, $default route", http2("/iot/api/telemetry", "$default", "$default", nil), "/iot/api/telemetry"},
		{"HTTP API, payload 1.0, stage and mapping", v1, "/api/telemetry"},
		{"load balancer",
			object{"httpMethod": "POST", "path": "/iot/api/tts", "requestContext": object{"elb": object{}}},
			"/iot/api/tts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			event, err := json.Marshal(tt.event)
			if err != nil {
				t.Fatal(err)
			}
			invokeLambda(t, string(event), func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path != tt.want {
					t.Errorf("%s, want %s", r.URL.Path, tt.want)
				}
			})
		})
	}
}

// A custom domain's base path is not seen behind any API of API Gateway.
func TestCustomDomains(t *testing.T) {
	t.Parallel()
	for _, front := range hosttest.Fronts() {
		if front.Name != "http-api" && front.Name != "rest-api" {
			continue
		}
		for _, path := range []string{"/api/telemetry", "/api/devices/a%2Fb/telemetry", "/healthz"} {
			var direct, mapped string
			for _, ask := range []struct {
				front hosttest.Front
				into  *string
			}{{front, &direct}, {front.OnDomain("/iot/v1"), &mapped}} {
				h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { *ask.into = r.URL.EscapedPath() })
				client := ask.front.Client(hosttest.Direct(host.NewLambdaHandler(h, slog.New(slog.DiscardHandler))))
				res, err := client.Get("https://iot.example.com" + path)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
			}
			if mapped != direct {
				t.Errorf("%s: %s, want %s", front.Name, mapped, direct)
			}
		}
	}
}
