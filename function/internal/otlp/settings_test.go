package otlp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/otlp"
	"mayfly/function/internal/platform"
	"mayfly/internal/secret"
)

// environment reads variables as the configuration does; names that do not begin with OTEL_ are
// those of OTEL_EXPORTER_OTLP_.
func environment(t testing.TB, variables ...string) *otlp.Environment {
	t.Helper()
	vars := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "OTEL_") {
			name = "OTEL_EXPORTER_OTLP_" + name
		}
		vars[name] = value
	}
	e := &otlp.Environment{}
	if err := env.ParseWithOptions(e, env.Options{Environment: vars}); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTraces(t *testing.T) {
	t.Parallel()
	type list []string
	const c, v1 = "ENDPOINT=http://c", "http://c/v1/traces"
	tests := map[string]struct {
		variables list
		want      string // the URL, and what is not the default
		warn      string // a part of the warning
	}{
		"nothing":             {nil, "", ""},
		"common":              {list{"ENDPOINT=http://c:4318"}, "http://c:4318/v1/traces", ""},
		"common with a path":  {list{"ENDPOINT=https://c/otlp/"}, "https://c/otlp/v1/traces", ""},
		"own":                 {list{c, "TRACES_ENDPOINT=http://t/x"}, "http://t/x", ""},
		"own without a path":  {list{"TRACES_ENDPOINT=http://t"}, "http://t/", ""},
		"disabled":            {list{c, "OTEL_SDK_DISABLED=TRUE"}, "", ""},
		"not disabled":        {list{c, "OTEL_SDK_DISABLED=no"}, v1, ""},
		"no traces":           {list{c, "OTEL_TRACES_EXPORTER=none"}, "", ""},
		"another exporter":    {list{c, "OTEL_TRACES_EXPORTER=zipkin"}, v1, "OTEL_TRACES_EXPORTER"},
		"no scheme":           {list{"ENDPOINT=localhost:4318"}, "", "_OTLP_ENDPOINT: want a URL"},
		"another scheme":      {list{"TRACES_ENDPOINT=grpc://c"}, "", "_TRACES_ENDPOINT: want a URL"},
		"not a URL":           {list{"ENDPOINT=http://[::1"}, "", "_OTLP_ENDPOINT: want a URL"},
		"no host":             {list{"ENDPOINT=http://:4318"}, "", "_OTLP_ENDPOINT: want a URL"},
		"JSON":                {list{c, "PROTOCOL=http/json"}, v1 + " JSON", ""},
		"JSON for others":     {list{c, "PROTOCOL=http/json", "TRACES_PROTOCOL=http/protobuf"}, v1, ""},
		"gRPC":                {list{c, "PROTOCOL=grpc"}, v1, "_OTLP_PROTOCOL: want"},
		"gzip":                {list{c, "COMPRESSION=gzip"}, v1 + " gzip", ""},
		"another compression": {list{c, "TRACES_COMPRESSION=br"}, v1, "_TRACES_COMPRESSION"},
		"timeout":             {list{c, "TIMEOUT=250"}, v1 + " 250ms", ""},
		"not milliseconds":    {list{c, "TIMEOUT=10s"}, v1, "_OTLP_TIMEOUT"},
		"no time":             {list{c, "TIMEOUT=0"}, v1, "_OTLP_TIMEOUT"},
		"too much time":       {list{c, "TIMEOUT=99999999999999999999"}, v1, "_OTLP_TIMEOUT"},
		"headers":             {list{c, "HEADERS=k=v%20w, l=x"}, v1, ""},
		"headers in a file":   {list{c, "TRACES_HEADERS=file:/run/h"}, v1 + " /run/h", ""},
		"not pairs":           {list{c, "HEADERS=topsecret"}, v1, "_OTLP_HEADERS: pair 1"},
		"a line break":        {list{c, "HEADERS=k=topsecret%0a"}, v1, "_OTLP_HEADERS: pair 1"},
		"not a name":          {list{c, "HEADERS=a b=topsecret"}, v1, "_OTLP_HEADERS: pair 1"},
		"not a reference":     {list{c, "HEADERS=arn:aws:topsecret"}, v1, "not a reference"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := environment(t, tt.variables...).Traces()
			got := ""
			if s.URL != nil {
				got = s.URL.String()
			}
			if s.JSON {
				got += " JSON"
			}
			if s.Gzip {
				got += " gzip"
			}
			if s.Timeout != 10*time.Second {
				got += " " + s.Timeout.String()
			}
			if s.Headers.Kind() != secret.Literal {
				got += " " + s.Headers.String()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			warnings := strings.Join(s.Warnings, "\n")
			if (tt.warn == "") != (warnings == "") || !strings.Contains(warnings, tt.warn) ||
				strings.Contains(warnings, "topsecret") || len(s.Warnings) > 1 {
				t.Errorf("warnings %q, want %q", warnings, tt.warn)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	type list []string
	const c, v1 = "ENDPOINT=http://c", "http://c/v1/metrics"
	for name, tt := range map[string]struct {
		variables list
		want      string
		interval  time.Duration
		warn      string
	}{
		"nothing":          {nil, "", 0, ""},
		"common":           {list{c}, v1, 0, ""},
		"own":              {list{c, "METRICS_ENDPOINT=http://m/x"}, "http://m/x", 0, ""},
		"traces alone":     {list{"TRACES_ENDPOINT=http://t"}, "", 0, ""},
		"no metrics":       {list{c, "OTEL_METRICS_EXPORTER=none"}, "", 0, ""},
		"another exporter": {list{c, "OTEL_METRICS_EXPORTER=console"}, v1, 0, "OTEL_METRICS_EXPORTER"},
		"disabled":         {list{c, "OTEL_SDK_DISABLED=true"}, "", 0, ""},
		"interval":         {list{c, "OTEL_METRIC_EXPORT_INTERVAL=500"}, v1, 500 * time.Millisecond, ""},
		"not milliseconds": {list{c, "OTEL_METRIC_EXPORT_INTERVAL=1m"}, v1, 0, "_EXPORT_INTERVAL"},
		"own protocol":     {list{c, "METRICS_PROTOCOL=grpc"}, v1, 0, "_METRICS_PROTOCOL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, interval := environment(t, tt.variables...).Metrics()
			got := ""
			if s.URL != nil {
				got = s.URL.String()
			}
			if got != tt.want || interval != tt.interval {
				t.Errorf("%s every %v, want %s every %v", got, interval, tt.want, tt.interval)
			}
			warnings := strings.Join(s.Warnings, "\n")
			if (tt.warn == "") != (warnings == "") || !strings.Contains(warnings, tt.warn) {
				t.Errorf("warnings %q, want %q", warnings, tt.warn)
			}
		})
	}
}

func TestResource(t *testing.T) {
	t.Parallel()
	type is map[string]string
	const more = "OTEL_RESOURCE_ATTRIBUTES="
	lambda := map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "bridge", "AWS_REGION": "eu-west-1"}
	for name, tt := range map[string]struct {
		host      platform.Kind
		variables []string
		want      is
		warn      bool
	}{
		"server":       {platform.Server, nil, is{"service.name": "mayfly", "cloud.provider": ""}, false},
		"Lambda":       {platform.Lambda, nil, is{"service.name": "bridge", "cloud.region": "eu-west-1"}, false},
		"service name": {platform.Lambda, []string{"OTEL_SERVICE_NAME=b"}, is{"service.name": "b"}, false},
		"attributes": {platform.Server, []string{more + "service.name=c,x=a%2C"},
			is{"service.name": "c", "x": "a,"}, false},
		"the name wins": {platform.Server, []string{"OTEL_SERVICE_NAME=b", more + "service.name=c"},
			is{"service.name": "b"}, false},
		"not pairs": {platform.Server, []string{more + "a,b"}, is{"service.name": "mayfly"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string { return lambda[name] }
			r, warning := environment(t, tt.variables...).Resource(tt.host, getenv)
			if (warning != "") != tt.warn {
				t.Errorf("warning %q", warning)
			}
			for key, want := range tt.want {
				value, _ := r.Set().Value(attributeKey(key))
				if value.AsString() != want {
					t.Errorf("%s is %q, want %q", key, value.AsString(), want)
				}
			}
		})
	}
}
