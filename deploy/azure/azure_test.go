package azure_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mayfly/deploy/azure/internal/arm"
	"mayfly/function"
)

const secret = "cGxhbnRlZCBzZWNyZXQgb2YgdGhlIHRlc3Q="

// deployments are the ways in which the template is used.
var deployments = map[string]map[string]any{
	"attach": {"idScope": "0ne00123ABC", "groupKey": secret},
	"attach, all options": {
		"name": "acme", "location": "northeurope", "azureIot": "attach", "idScope": "0ne00123ABC", "groupKey": secret,
		"modelId": "dtmi:acme:Thermostat;1", "settings": map[string]any{"DEVICE_RATE": "10/s"},
		"durableMode":          "always",
		"packageUri":           "https://example.com/mayfly_functions.zip",
		"maximumInstanceCount": 1000.0, "instanceMemoryMB": 2048.0, "alertEmail": "operator@example.com",
		"failureThreshold": 1.0, "silence": "P1D", "retentionDays": 730.0, "tags": map[string]any{"site": "north"},
	},
	"create":                {"azureIot": "create", "groupKey": secret},
	"create, group by hand": {"azureIot": "create", "groupKey": secret, "createEnrollmentGroup": false, "hubSku": "F1"},
}

// everything takes every resource that has a condition.
var everything = map[string]any{
	"azureIot": "create", "groupKey": secret, "alertEmail": "operator@example.com",
	"packageUri": "https://example.com/mayfly_functions.zip", "durableMode": "fallback",
}

func template(t *testing.T) *arm.Template {
	t.Helper()
	text, err := os.ReadFile("azuredeploy.json")
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := arm.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func resolve(t *testing.T, parameters map[string]any) *arm.Deployment {
	t.Helper()
	d, err := template(t).Resolve(parameters)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// properties gives those of the one resource of a type whose name has an end.
func properties(t *testing.T, d *arm.Deployment, kind, end string) map[string]any {
	t.Helper()
	for _, r := range d.Resources {
		if r.Type == kind && strings.HasSuffix(r.Name, end) {
			p, ok := r.Properties.(map[string]any)
			if !ok {
				t.Fatalf("%s has no properties", r.Name)
			}
			return p
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	tpl := template(t)
	if tpl.Schema != "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#" {
		t.Errorf("$schema = %s", tpl.Schema)
	}
	if err := tpl.Check(); err != nil {
		t.Error(err)
	}
	all := map[string]bool{}
	for _, parameters := range []map[string]any{everything, deployments["attach"]} {
		for _, r := range resolve(t, parameters).Resources {
			id, err := r.ID()
			if err != nil {
				t.Fatal(err)
			}
			all[id] = true
		}
	}
	for name, parameters := range deployments {
		if parameters["name"] != nil {
			continue // other names, so other ids: its own resources are all there is
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := resolve(t, parameters).Check(all); err != nil {
				t.Error(err)
			}
		})
	}
	if err := resolve(t, everything).Check(all); err != nil {
		t.Error(err)
	}
}

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	for name, parameters := range deployments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := resolve(t, parameters)
			for output, v := range d.Outputs {
				if s, ok := v.(string); !ok || strings.Contains(s, secret) || strings.Contains(s, "listKeys") {
					t.Errorf("output %s tells a secret or is not a string: %v", output, v)
				}
			}
			for _, r := range d.Resources {
				text, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				allowed := r.Type == "Microsoft.KeyVault/vaults/secrets" || r.Type == "Microsoft.Resources/deploymentScripts"
				if strings.Contains(string(text), secret) && !allowed {
					t.Errorf("%s holds the group key", r.Type)
				}
				if strings.Contains(string(text), "listKeys") && r.Type != "Microsoft.Devices/provisioningServices" {
					t.Errorf("%s holds keys", r.Type)
				}
			}
		})
	}
}

func TestEverythingIsTagged(t *testing.T) {
	t.Parallel()
	d := resolve(t, deployments["attach, all options"])
	for _, r := range d.Resources {
		if r.Location == "" && r.Type != "Microsoft.KeyVault/vaults/secrets" {
			continue
		}
		tags, ok := r.Tags.(map[string]any)
		if !ok || tags["app"] != "mayfly" || tags["site"] != "north" {
			t.Errorf("%s %s has the tags %v", r.Type, r.Name, r.Tags)
		}
	}
}

// TestLeastRights names the only roles that the bridge's identity gets, and where.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	type grant struct{ role, scope string }
	want := map[grant]bool{
		{"b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Microsoft.Storage/storageAccounts"}: true,
		{"974c5e8b-45b9-4653-ba55-5f855dd0fb88", "Microsoft.Storage/storageAccounts"}: true,
		{"4633458b-17de-408a-b874-0445c86b69e6", "Microsoft.KeyVault/vaults/secrets"}: true,
		{"3913510d-42f4-4e42-8a64-420c390055eb", "Microsoft.Insights/components"}:     true,
	}
	d := resolve(t, everything)
	for _, r := range d.Resources {
		p, _ := r.Properties.(map[string]any)
		if r.Type != "Microsoft.Authorization/roleAssignments" || strings.Contains(p["principalId"].(string), "enroll-id") {
			continue
		}
		if r.Scope == "" {
			t.Errorf("role %v is given for the whole resource group", p["roleDefinitionId"])
			continue
		}
		role := p["roleDefinitionId"].(string)
		parts := strings.Split(r.Scope, "/")
		kind := parts[0] + "/" + parts[1]
		if len(parts) > 3 {
			kind += "/" + parts[3]
		}
		g := grant{role[strings.LastIndex(role, "/")+1:], kind}
		if !want[g] {
			t.Errorf("unexpected role %v", g)
		}
		delete(want, g)
	}
	for g := range want {
		t.Errorf("role %v is missing", g)
	}
	storage := properties(t, d, "Microsoft.Storage/storageAccounts", "")
	if storage["allowSharedKeyAccess"] != false || storage["allowBlobPublicAccess"] != false {
		t.Error("the storage account can be reached with keys or by anybody")
	}
	if properties(t, d, "Microsoft.Insights/components", "")["DisableLocalAuth"] != true {
		t.Error("Application Insights takes telemetry without an identity")
	}
	if properties(t, d, "Microsoft.Web/sites", "")["httpsOnly"] != true {
		t.Error("the app answers over HTTP")
	}
}

// TestSettingsStartMayfly gives the settings to the code that reads them at the start.
func TestSettingsStartMayfly(t *testing.T) {
	t.Parallel()
	for name, parameters := range deployments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := []string{"FUNCTIONS_CUSTOMHANDLER_PORT=40000"}
			for name, v := range properties(t, resolve(t, parameters), "Microsoft.Web/sites/config", "/appsettings") {
				value, ok := v.(string)
				if !ok {
					t.Fatalf("%s is a %T: app settings are strings", name, v)
				}
				switch name {
				case "GROUP_KEY": // what the platform puts in place of the reference
					if !strings.HasPrefix(value, "@Microsoft.KeyVault(VaultName=kv-") {
						t.Errorf("GROUP_KEY = %s", value)
					}
					value = secret
				case "QUEUE_SIGNING_KEY":
					value = secret
				case "QUEUE": // what comes out of the account's reference
					rest, found := strings.CutPrefix(value, "azure-queue:reference(")
					if !found || !strings.HasSuffix(rest, ".queuemayfly") {
						t.Errorf("QUEUE = %s", value)
					}
					value = "azure-queue:https://stmayfly.queue.core.windows.net/mayfly"
				case "ID_SCOPE":
					value = strings.ReplaceAll(value, value[:strings.LastIndexAny(value, "(.")+1], "")
				}
				environ = append(environ, name+"="+value)
			}
			c, err := function.LoadConfig(environ)
			if err != nil {
				t.Fatal(err)
			}
			if c.Host != function.HostFunctions {
				t.Errorf("host is %v", c.Host)
			}
			durable := parameters["durableMode"] != nil
			if (c.QueueTarget != nil) != durable || (c.QueueKey != nil) != durable {
				t.Errorf("queue %v, signed %v, want both to be %v", c.QueueTarget, c.QueueKey, durable)
			}
		})
	}
}

// TestResolved writes what the deployments ask for into the folder RESOLVED, where
// tools/azure holds it to the types of Azure's own client libraries.
func TestResolved(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("RESOLVED")
	if folder == "" {
		folder = t.TempDir()
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(deployments)
	all["everything"] = everything
	resolved := map[string]*arm.Deployment{"observability": observability(t)}
	for name, parameters := range all {
		resolved[name] = resolve(t, parameters)
	}
	for name, d := range resolved {
		text, err := json.MarshalIndent(d.Resources, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		file := strings.NewReplacer(" ", "-", ",", "").Replace(name) + ".json"
		if err := os.WriteFile(filepath.Join(folder, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// observability is what the template of the workbook and the alerts asks for.
func observability(t *testing.T) *arm.Deployment {
	t.Helper()
	text, err := os.ReadFile("observability.json")
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := arm.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := tpl.Resolve(map[string]any{"insightsName": "mayfly-insights"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type uiElement struct {
	Name        string
	Type        string
	Constraints struct {
		AllowedValues []struct{ Label, Value string }
	}
	DefaultValue any
}

// TestUserInterface holds createUiDefinition.json to the template behind it.
func TestUserInterface(t *testing.T) {
	t.Parallel()
	var ui struct {
		Parameters struct {
			Basics []uiElement
			Steps  []struct {
				Name     string
				Elements []uiElement
			}
			Outputs map[string]string
		}
	}
	text, err := os.ReadFile("createUiDefinition.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &ui); err != nil {
		t.Fatal(err)
	}
	elements := map[string]uiElement{"[location()]": {Type: "location"}}
	for _, e := range ui.Parameters.Basics {
		elements["[basics('"+e.Name+"')]"] = e
	}
	for _, step := range ui.Parameters.Steps {
		for _, e := range step.Elements {
			elements["[steps('"+step.Name+"')."+e.Name+"]"] = e
		}
	}
	parameters := template(t).Parameters
	used := map[string]bool{}
	for name, source := range ui.Parameters.Outputs {
		e, ok := elements[source]
		if !ok {
			t.Errorf("output %s takes %s, which no element gives", name, source)
		}
		used[source] = true
		p, ok := parameters[name]
		if !ok {
			t.Errorf("output %s is not a parameter of the template", name)
		}
		if p.Secret() != (e.Type == "Microsoft.Common.PasswordBox") {
			t.Errorf("%s is a secret in one place only", name)
		}
		labels := []any{}
		for _, v := range e.Constraints.AllowedValues {
			labels = append(labels, v.Label)
			if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, any(v.Value)) {
				t.Errorf("%s offers %s, which the template refuses", name, v.Value)
			}
		}
		if len(labels) > 0 && !slices.Contains(labels, e.DefaultValue) {
			t.Errorf("%s begins with %v, which it does not offer", name, e.DefaultValue)
		}
	}
	for source := range elements {
		if !used[source] {
			t.Errorf("%s is asked for and not used", source)
		}
	}
	for name, p := range parameters {
		if _, ok := ui.Parameters.Outputs[name]; !ok && p.DefaultValue == nil {
			t.Errorf("parameter %s has no default and is not asked for", name)
		}
	}
}
