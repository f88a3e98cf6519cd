// Package deploy_test holds the files that the hosts read to what the code is:
// none of the hosts' own tools has to be there to notice that they drifted apart.
package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// binary is the name that Lambda's provided runtimes start.
const binary = "bootstrap"

// paths are some that the contract names; all of them have to reach the binary.
var paths = []string{
	"/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json",
	"/api/telemetry", "/api/tts", "/api/devices/sensor-1/telemetry",
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(read(t, name))))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestBinaryIsACommand(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob(filepath.Join("..", "cmd", binary, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Errorf("cmd/%s has no Go files", binary)
	}
}

func TestFunctionsHostHandsOverWhatItGets(t *testing.T) {
	t.Parallel()
	var host struct {
		Version       string
		CustomHandler struct {
			Description struct {
				DefaultExecutablePath string
				WorkingDirectory      string
				Arguments             []string
			}
			EnableProxyingHTTPRequest bool `json:"enableProxyingHttpRequest"`
		}
		ExtensionBundle struct{ ID, Version string }
		Extensions      struct {
			HTTP struct {
				RoutePrefix            *string
				MaxOutstandingRequests int
				MaxConcurrentRequests  int
				DynamicThrottles       bool `json:"dynamicThrottlesEnabled"`
				HSTS                   struct {
					IsEnabled bool
					MaxAge    string
				}
			}
			Queues struct {
				MaxPollingInterval, VisibilityTimeout string
				BatchSize, MaxDequeueCount            int
			}
		}
		FunctionTimeout string
		Logging         any
	}
	readJSON(t, "host.json", &host)

	if host.Version != "2.0" {
		t.Errorf("version = %q, want 2.0", host.Version)
	}
	if got := host.CustomHandler.Description.DefaultExecutablePath; got != binary {
		t.Errorf("defaultExecutablePath = %q, want %q", got, binary)
	}
	if !host.CustomHandler.EnableProxyingHTTPRequest {
		t.Error("enableProxyingHttpRequest is off: the host would send its own envelope and drop chunked bodies")
	}
	http := host.Extensions.HTTP
	if http.MaxOutstandingRequests <= 0 || http.MaxConcurrentRequests <= 0 || !http.DynamicThrottles ||
		!http.HSTS.IsEnabled {
		t.Error("the host does not throttle, or does not insist on HTTPS")
	}
	if prefix := host.Extensions.HTTP.RoutePrefix; prefix == nil || *prefix != "" {
		t.Error("routePrefix has to be empty, else every path begins with /api twice")
	}
	if !strings.Contains(host.ExtensionBundle.ID, "ExtensionBundle") || host.ExtensionBundle.Version == "" {
		t.Error("there is no extension bundle, which has the trigger for queues")
	}
	// A call that fails is made again after this time; the host's default is at once, five times in a second.
	if host.Extensions.Queues.VisibilityTimeout != "00:01:00" || host.Extensions.Queues.MaxDequeueCount != 5 {
		t.Errorf("queues: %+v", host.Extensions.Queues)
	}
}

func TestFunctionTakesEveryRoute(t *testing.T) {
	t.Parallel()
	type binding struct {
		Type, Direction, Name, AuthLevel, Route string
		Methods                                 []string
	}
	var function struct{ Bindings []binding }
	readJSON(t, "function/function.json", &function)

	// Proxying works for exactly one HTTP trigger and one HTTP output.
	if len(function.Bindings) != 2 {
		t.Fatalf("%d bindings, want a trigger and an output", len(function.Bindings))
	}
	in, out := function.Bindings[0], function.Bindings[1]
	if in.Type != "httpTrigger" || in.Direction != "in" || out.Type != "http" || out.Direction != "out" {
		t.Errorf("bindings are %s %s and %s %s, want httpTrigger in and http out",
			in.Type, in.Direction, out.Type, out.Direction)
	}
	if in.AuthLevel != "function" {
		t.Errorf("authLevel = %q: on Functions the host checks the callers", in.AuthLevel)
	}
	if !regexp.MustCompile(`^\{\*\w+\}$`).MatchString(in.Route) {
		t.Errorf("route = %q, want a catch-all: %q have to reach the binary", in.Route, paths)
	}
	// A method that is not listed is the host's 404; the 405 is ours to give.
	for _, method := range []string{"get", "head", "post", "put", "patch", "delete", "options"} {
		if !slices.Contains(in.Methods, method) {
			t.Errorf("methods lack %s", method)
		}
	}
}

// template is the part of template.yaml that has to agree with the code. A tag
// such as !Ref is read as the name that follows it.
type template struct {
	Parameters map[string]struct {
		Type           string
		Default        any
		NoEcho         bool
		AllowedPattern string
		AllowedValues  []any
	}
	Rules map[string]struct {
		RuleCondition any
		Assertions    []struct{ Assert, AssertDescription any }
	}
	Resources map[string]resource
}

type resource struct {
	Type       string
	Metadata   struct{ BuildMethod string }
	Properties struct {
		CodeURI           string
		Handler           string
		Runtime           string
		Architectures     []string
		Timeout           int
		Environment       struct{ Variables map[string]any }
		LoggingConfig     struct{ LogFormat string }
		FunctionURLConfig struct{ AuthType string }
		Events            map[string]struct {
			Type       string
			Properties struct{ Path, Method string }
		}
		DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit string }
		Policies             []any
		DashboardBody        string
		AlarmDescription     string
		AlarmActions         any
	}
}

// load reads the template by way of JSON, whose decoder does not mind the case of a key.
func load(t *testing.T) template {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal(read(t, "template.yaml"), &tree); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var tpl template
	if err := json.Unmarshal(text, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

// function gives the one Lambda function and its logical id.
func (tpl template) function(t *testing.T) (string, resource) {
	t.Helper()
	for id, r := range tpl.Resources {
		if r.Type == "AWS::Serverless::Function" {
			return id, r
		}
	}
	t.Fatal("template.yaml has no function")
	return "", resource{}
}

func TestTemplateBuildsTheBinary(t *testing.T) {
	t.Parallel()
	tpl := load(t)
	id, fn := tpl.function(t)

	p := fn.Properties
	if p.Handler != binary || p.Runtime != "provided.al2023" || p.CodeURI != "." {
		t.Errorf("handler %q, runtime %q, code %q; want %s, provided.al2023 and the module's root",
			p.Handler, p.Runtime, p.CodeURI, binary)
	}
	if !slices.Equal(p.Architectures, []string{"Architecture"}) || tpl.Parameters["Architecture"].Default != "arm64" {
		t.Errorf("architectures %q default to %v, want arm64", p.Architectures, tpl.Parameters["Architecture"].Default)
	}
	if fn.Metadata.BuildMethod != "makefile" {
		t.Errorf("BuildMethod = %q, want makefile", fn.Metadata.BuildMethod)
	}

	makefile := string(read(t, "Makefile"))
	rule := regexp.MustCompile(`(?m)^build-` + id + `:.*\n((?:\t.*\n)+)`).FindStringSubmatch(makefile)
	if rule == nil {
		t.Fatalf("sam build runs make build-%s, which the Makefile lacks", id)
	}
	for _, want := range []string{"CGO_ENABLED=0", "GOOS=linux", `"$(ARTIFACTS_DIR)/` + binary + `"`, "./cmd/" + binary,
		`pack $(PACKED) "$(ARTIFACTS_DIR)"`,
	} {
		if !strings.Contains(rule[1], want) {
			t.Errorf("build-%s does not say %s:\n%s", id, want, rule[1])
		}
	}
	if !regexp.MustCompile(`(?m)^GOARCH\s+\?= arm64$`).MatchString(makefile) {
		t.Error("the Makefile does not build for arm64 unless told otherwise")
	}
}

func TestTemplateTakesEveryRoute(t *testing.T) {
	t.Parallel()
	_, fn := load(t).function(t)
	routes := map[string]string{}
	for _, event := range fn.Properties.Events {
		if event.Type == "HttpApi" {
			routes[event.Properties.Path] = event.Properties.Method
		}
	}
	// A greedy path matches one segment and more, so the root needs its own.
	for _, path := range []string{"/", "/{proxy+}"} {
		if routes[path] != "ANY" {
			t.Errorf("%s takes %q, want ANY: %q have to reach the binary", path, routes[path], paths)
		}
	}
}

func TestTemplateFailsClosed(t *testing.T) {
	t.Parallel()
	tpl := load(t)
	_, fn := tpl.function(t)
	for name, want := range map[string]any{"Auth": "keys", "UrlAuth": "AWS_IAM"} {
		if got := tpl.Parameters[name].Default; got != want {
			t.Errorf("%s defaults to %v, want %v", name, got, want)
		}
	}
	if got := fn.Properties.FunctionURLConfig.AuthType; got != "UrlAuth" {
		t.Errorf("the function URL's AuthType is %s, not the parameter", got)
	}
	for _, name := range []string{"GroupKey", "ApiKeys"} {
		if !tpl.Parameters[name].NoEcho {
			t.Errorf("parameter %s is shown by the console", name)
		}
	}
	want := map[string]string{
		"ID_SCOPE": "IdScope", "AUTH": "Auth", "API_KEYS": "ApiKeys", "GROUP_KEY": "[HasGroupKeyArn GroupKeyArn GroupKey]",
	}
	for variable, parameter := range want {
		if got := fmt.Sprint(fn.Properties.Environment.Variables[variable]); got != parameter {
			t.Errorf("%s = %s, want the parameter %s", variable, got, parameter)
		}
	}
	if fn.Properties.LoggingConfig.LogFormat != "JSON" {
		t.Error("logs are not JSON")
	}
	// The HTTP API cuts a request off at 30 s; the function has to have answered by then.
	if s := fn.Properties.Timeout; s <= 0 || s >= 30 {
		t.Errorf("Timeout = %d s, want less than the HTTP API's 30", s)
	}
	for id, r := range tpl.Resources {
		if r.Type == "AWS::Serverless::HttpApi" && r.Properties.DefaultRouteSettings.ThrottlingRateLimit == "" {
			t.Errorf("%s does not throttle", id)
		}
	}
}

// TestTemplateGrantsLittle names all that the function may do, and on what.
func TestTemplateGrantsLittle(t *testing.T) {
	t.Parallel()
	tpl := load(t)
	got := map[string]string{}
	var statements func(v any)
	statements = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				statements(e)
			}
		case map[string]any:
			if action, ok := v["Action"]; ok {
				got[fmt.Sprint(v["Resource"])] = fmt.Sprint(action)
				return
			}
			for _, e := range v {
				statements(e)
			}
		}
	}
	statements(tpl.Resources["Role"].Properties.Policies)
	read := "[secretsmanager:GetSecretValue ssm:GetParameter]"
	want := map[string]string{
		"Logs.Arn":    "[logs:CreateLogStream logs:PutLogEvents]",
		"GroupKeyArn": read,
		"SecretArns":  read,
		"KmsKeyArn":   "kms:Decrypt",
		"Queue.Arn": "[sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage " +
			"sqs:SendMessage]",
		"DeadLetters.Arn": "[sqs:GetQueueAttributes sqs:SendMessage]",
		"QueueKey":        "secretsmanager:GetSecretValue",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A reference in GroupKey could not be read: the role reads GroupKeyArn alone.
func TestTemplateTakesReferencesWhereTheyWork(t *testing.T) {
	t.Parallel()
	const secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mayfly/group-key-AbCdEf"
	tpl := load(t)
	for _, tt := range []struct {
		parameter, value string
		want             bool
	}{
		{"GroupKey", "bWF5Zmx5LWdyb3VwLWtleQ==", true},
		{"GroupKey", "", true},
		{"GroupKey", secret, false},
		{"GroupKey", "https://vault.vault.azure.net/secrets/key", false},
		{"GroupKeyArn", secret, true},
		{"GroupKeyArn", "arn:aws:ssm:eu-central-1:123456789012:parameter/mayfly/group-key", true},
		{"GroupKeyArn", "bWF5Zmx5LWdyb3VwLWtleQ==", false},
		{"KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd", true},
		{"KmsKeyArn", secret, false},
	} {
		pattern := regexp.MustCompile(tpl.Parameters[tt.parameter].AllowedPattern)
		if got := pattern.MatchString(tt.value); got != tt.want {
			t.Errorf("%s=%q: accepted: %v, want %v", tt.parameter, tt.value, got, tt.want)
		}
	}
}

// Callers may stand in mayfly.yaml, and so may fleets with keys of their own: no rule
// may ask for a parameter that the file makes needless.
func TestTemplateLeavesTheFileItsPart(t *testing.T) {
	t.Parallel()
	tpl := load(t)
	for name, rule := range tpl.Rules {
		if strings.Contains(fmt.Sprint(rule.Assertions), "ApiKeys") {
			t.Errorf("rule %s asks for ApiKeys", name)
		}
	}
	for name, p := range tpl.Parameters {
		if p.Default == nil {
			t.Errorf("parameter %s has no default, so that a file cannot do without", name)
		}
	}
}

func TestAlarmsAndDashboard(t *testing.T) {
	t.Parallel()
	alarms := 0
	for id, r := range load(t).Resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			alarms++
			actions := fmt.Sprint(r.Properties.AlarmActions)
			if r.Properties.AlarmDescription == "" || !strings.Contains(actions, "AlarmTopic") {
				t.Errorf("%s has no description, or tells nobody", id)
			}
		case "AWS::CloudWatch::Dashboard":
			body := regexp.MustCompile(`\$\{[A-Za-z:]+\}`).ReplaceAllString(r.Properties.DashboardBody, "x")
			if !json.Valid([]byte(body)) {
				t.Errorf("the body of %s is not JSON", id)
			}
		}
	}
	if alarms != 6 {
		t.Errorf("%d alarms, want those for failures, silence, configuration, crashes, the queue, dead letters", alarms)
	}
}

// TestSAMConfiguration holds the answers that samconfig.toml proposes to the template.
func TestSAMConfiguration(t *testing.T) {
	t.Parallel()
	tpl := load(t)
	line := regexp.MustCompile(`(?m)^parameter_overrides = "(.*)"$`).FindStringSubmatch(string(read(t, "samconfig.toml")))
	if line == nil {
		t.Fatal("samconfig.toml has no parameter_overrides")
	}
	for override := range strings.FieldsSeq(line[1]) {
		name, value, _ := strings.Cut(override, "=")
		p, ok := tpl.Parameters[name]
		if !ok {
			t.Errorf("the template has no parameter %s", name)
		}
		if p.NoEcho {
			t.Errorf("%s is a secret, and stands in a file", name)
		}
		if fmt.Sprint(p.Default) != value {
			t.Errorf("%s is %s here and %v in the template", name, value, p.Default)
		}
	}
}

// Core Tools leave out what a line of .funcignore is a prefix of, unless a line
// with "!" is one too (their GitIgnoreParser): so every folder has to be named.
func TestFunctionsPackageStaysSmall(t *testing.T) {
	t.Parallel()
	var out, in []*regexp.Regexp
	for line := range strings.Lines(string(read(t, ".funcignore"))) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, keep := strings.CutPrefix(line, "!")
		prefix := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, "[^/]+"))
		if keep {
			in = append(in, prefix)
		} else {
			out = append(out, prefix)
		}
	}
	packed := func(path string) bool {
		match := func(r *regexp.Regexp) bool { return r.MatchString(path) }
		return slices.ContainsFunc(in, match) || !slices.ContainsFunc(out, match)
	}

	for _, path := range []string{
		"host.json", "function", "function/function.json", "queue/function.json", binary, "mayfly.yaml",
	} {
		if !packed(path) {
			t.Errorf("%s is left out", path)
		}
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); entry.IsDir() && name != "function" && name != "queue" && packed(name) {
			t.Errorf("folder %s would be published: name it in .funcignore", name)
		}
	}
	for _, path := range []string{
		"function/doc.go", "local.settings.json", "mayfly", "template.yaml", "samconfig.toml", ".goreleaser.yaml", ".git",
		"README.md",
	} {
		if packed(path) {
			t.Errorf("%s would be published", path)
		}
	}
}

// TestImageHasTheConfiguration reads the ignore files as the builder does: a later line
// wins, "*" stays within a name, and a folder that is ignored takes all below with it.
func TestImageHasTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Dockerfile", "emulator.Dockerfile"} {
		var patterns []*regexp.Regexp
		for line := range strings.Lines(string(read(t, "deploy/docker/"+name+".dockerignore"))) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if strings.HasPrefix(line, "!") {
				t.Fatalf("%s: this test does not know exceptions: %s", name, line)
			}
			expression := regexp.QuoteMeta(line)
			expression = strings.ReplaceAll(expression, `\*\*/`, `(.*/)?`)
			expression = strings.ReplaceAll(expression, `\*`, `[^/]*`)
			patterns = append(patterns, regexp.MustCompile(`^`+expression+`(/|$)`))
		}
		sent := func(path string) bool {
			return !slices.ContainsFunc(patterns, func(r *regexp.Regexp) bool { return r.MatchString(path) })
		}
		for _, path := range []string{
			"go.mod", "go.sum", "cmd/bootstrap/main.go", "cmd/mayfly/main.go", "function/service.go", "emulator/doc.go",
			"transform/sources/tts.yaml",
			"mayfly.yaml", "codecs/tank.js", "mappings/tank.jq", "sites.csv", "templates/thermostat.json",
		} {
			if !sent(path) {
				t.Errorf("%s: %s does not get into the image", name, path)
			}
		}
		for _, path := range []string{
			".git/config", ".env", "fleet/.env", "beam.key", "keys/as.key", "local.settings.json", "bootstrap",
			"tools/cfn/node_modules/x.js", "function/service_test.go", "function/testdata/exchange/x.txt", "dist/functions.zip",
		} {
			if sent(path) {
				t.Errorf("%s: %s gets into the image", name, path)
			}
		}
	}
}
