package starter

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Host is where an installation is to run.
type Host string

// The hosts.
const (
	Server     Host = "server"
	Container  Host = "container"
	Lambda     Host = "lambda"
	Functions  Host = "functions"
	Kubernetes Host = "kubernetes"
)

// Hosts returns all hosts with a word about each.
func Hosts() []struct {
	Host Host
	Text string
} {
	return []struct {
		Host Host
		Text string
	}{
		{Server, "a plain server, on this or another machine"},
		{Container, "a container"},
		{Lambda, "AWS Lambda"},
		{Functions, "Azure Functions"},
		{Kubernetes, "Kubernetes"},
	}
}

const (
	lambdaFile     = "lambda.toml"
	azureFile      = "azure.parameters.json"
	kubernetesFile = "values.yaml"
)

// hostFiles are the parameters of the host's deployment. The secrets are not among them: the commands pass them.
func (p *Plan) hostFiles() []File {
	switch p.Host {
	case Lambda:
		return []File{{Name: lambdaFile, Purpose: "the parameters for sam deploy", Content: p.lambda()}}
	case Functions:
		return []File{
			{Name: azureFile, Purpose: "the parameters for az deployment", Content: p.azure()},
			{Name: "local.settings.json", Purpose: "the settings for func start on this machine", Secret: true,
				Content: p.localSettings()},
		}
	case Kubernetes:
		return []File{{Name: kubernetesFile, Purpose: "the values for helm install", Content: p.values()}}
	default:
		return nil
	}
}

func (p *Plan) lambda() string {
	overrides := "IdScope=" + p.IDScope + " Auth=keys DeviceRate=10/s Architecture=arm64 MaxConcurrency=50"
	if p.keyIsARN() {
		overrides += " GroupKeyArn=" + p.GroupKey
	}
	return `# For sam deploy --config-file ` + lambdaFile + `. The callers are in mayfly.yaml.
version = 0.1

[default.global.parameters]
stack_name = "mayfly"

[default.deploy.parameters]
resolve_s3 = true
s3_prefix = "mayfly"
capabilities = "CAPABILITY_IAM"
confirm_changeset = true
fail_on_empty_changeset = false
parameter_overrides = "` + overrides + `"
`
}

func (p *Plan) keyIsARN() bool { return strings.HasPrefix(p.GroupKey, "arn:") }

func (p *Plan) azure() string {
	type parameter struct {
		Value string `json:"value"`
	}
	return indented(struct {
		Schema     string               `json:"$schema"`
		Version    string               `json:"contentVersion"`
		Parameters map[string]parameter `json:"parameters"`
	}{
		"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "1.0.0.0",
		map[string]parameter{"azureIot": {"attach"}, "idScope": {p.IDScope}},
	})
}

func (p *Plan) localSettings() string {
	type values struct {
		Runtime string `json:"FUNCTIONS_WORKER_RUNTIME"`
		Secrets string `json:"AzureWebJobsSecretStorageType"`
		IDScope string `json:"ID_SCOPE"`
		Key     string `json:"GROUP_KEY"`
	}
	return indented(struct {
		Encrypted bool   `json:"IsEncrypted"`
		Values    values `json:"Values"`
	}{false, values{"custom", "files", p.IDScope, p.GroupKey}})
}

func indented(v any) string {
	text, _ := json.MarshalIndent(v, "", "  ") // structs of texts always marshal
	return string(text) + "\n"
}

func (p *Plan) values() string {
	return fmt.Sprintf(`# For helm install --values %s. The group key is in the Secret mayfly.
config:
  AUTH: keys
  ID_SCOPE: %s
groupKey:
  existingSecret: mayfly
`, kubernetesFile, p.IDScope)
}

// Command is one of the next things to do.
type Command struct{ Purpose, Line string }

// withEnv is the shell's way to read .env.
const withEnv = "set -a; . ./.env; set +a; "

// Next returns the three commands that follow.
func (p *Plan) Next() []Command {
	return append([]Command{
		{"prove the configuration", "mayfly check"},
		{"try it against Azure", withEnv + "mayfly doctor --device test-1"},
	}, p.deploy())
}

// keyArgument is the group key as an argument in a shell that has read .env.
func (p *Plan) keyArgument() string {
	if path, ok := strings.CutPrefix(p.GroupKey, "file:"); ok {
		return `"$(cat ` + quoted(path) + `)"`
	}
	return `"$GROUP_KEY"`
}

// deploy is the command that starts the installation, in a clone of Mayfly where it builds.
func (p *Plan) deploy() Command {
	key := p.keyArgument()
	switch p.Host {
	case Container:
		return Command{"run it", "docker build -f deploy/docker/Dockerfile -t mayfly . && " +
			"docker run --rm --env-file .env -p 8080:8080 mayfly"}
	case Lambda:
		if p.keyIsARN() {
			return Command{"deploy it", "sam build && sam deploy --config-file " + lambdaFile}
		}
		return Command{"keep the key as a secret, and deploy; --guided asks for the ARN that the first part prints",
			withEnv + "aws secretsmanager create-secret --name mayfly/group-key --secret-string " + key +
				" --query ARN --output text && sam build && sam deploy --guided --config-file " + lambdaFile}
	case Functions:
		return Command{"deploy it", withEnv + "az deployment group create --resource-group rg-mayfly --name mayfly " +
			"--template-file deploy/azure/azuredeploy.json --parameters @" + azureFile + " groupKey=" + key}
	case Kubernetes:
		return Command{"deploy it", withEnv + "kubectl create secret generic mayfly --from-literal=group-key=" + key +
			" && helm install mayfly deploy/helm/mayfly --set image.repository=REGISTRY/mayfly" +
			" --values " + kubernetesFile + " --set-file mayflyYaml=mayfly.yaml"}
	default:
		return Command{"run it", withEnv + "make build && ./bootstrap"}
	}
}
