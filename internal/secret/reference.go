package secret

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"mayfly/internal/redact"
)

// Kind is where a secret is kept.
type Kind int

// The places of secrets.
const (
	Literal Kind = iota
	File
	KeyVault
	SecretsManager
	Parameter // SSM Parameter Store
)

// Reference says where a secret is kept. It may be the secret itself, so what a
// Reference prints is the place or a placeholder.
type Reference struct {
	kind    Kind
	place   string // a path, a URL or an ARN
	literal redact.Value[string]
}

// ErrReference means that a text begins like a reference but is not one. Errors that
// wrap it do not quote the text.
var ErrReference = errors.New("not a reference")

// Parse reads a reference: "file:PATH", the URL of a Key Vault secret
// (https://VAULT.vault.azure.net/secrets/NAME[/VERSION]), or the ARN of a Secrets
// Manager secret or an SSM parameter. Any other text is the secret itself.
func Parse(text string) (Reference, error) {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "file:"):
		if text == "file:" {
			return Reference{}, fmt.Errorf("%w: file: without a path", ErrReference)
		}
		return Reference{kind: File, place: strings.TrimPrefix(text, "file:")}, nil
	case strings.HasPrefix(text, "https://"), strings.HasPrefix(text, "http://"):
		if !vaultURL(text) {
			return Reference{}, fmt.Errorf("%w: want https://VAULT.vault.azure.net/secrets/NAME", ErrReference)
		}
		return Reference{kind: KeyVault, place: text}, nil
	case strings.HasPrefix(text, "arn:"):
		// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
		parts := strings.SplitN(text, ":", 6)
		switch {
		case len(parts) < 6 || !isLabel(parts[1]) || !isLabel(parts[3]):
		case parts[2] == "secretsmanager" && strings.HasPrefix(parts[5], "secret:"):
			return Reference{kind: SecretsManager, place: text}, nil
		case parts[2] == "ssm" && strings.HasPrefix(parts[5], "parameter/"):
			return Reference{kind: Parameter, place: text}, nil
		}
		return Reference{}, fmt.Errorf("%w: want arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME "+
			"or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME", ErrReference)
	case strings.HasPrefix(text, "@Microsoft.KeyVault("):
		return Reference{}, fmt.Errorf("%w: Azure did not resolve a Key Vault reference: "+
			"the app's identity must be allowed to read the secret, and the reference must be right", ErrReference)
	}
	return Reference{literal: redact.New(text)}, nil
}

// vaultSuffixes are the domains of Key Vault in each cloud (azure-docs,
// key-vault/general/about-keys-secrets-certificates.md).
var vaultSuffixes = []string{".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"}

func vaultURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Port() != "" {
		return false
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(path) < 2 || len(path) > 3 || path[0] != "secrets" {
		return false
	}
	for _, suffix := range vaultSuffixes {
		if name, ok := strings.CutSuffix(u.Hostname(), suffix); ok && isLabel(name) {
			return true
		}
	}
	return false
}

// isLabel reports whether s may be a label of a host name.
func isLabel(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// Kind returns where the secret is kept.
func (r Reference) Kind() Kind { return r.kind }

// String returns the place, never the secret.
func (r Reference) String() string {
	if r.kind == Literal {
		return redact.Placeholder
	}
	return r.place
}

// GoString returns the place, never the secret.
func (r Reference) GoString() string { return r.String() }

// MarshalText returns the place, never the secret.
func (r Reference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
