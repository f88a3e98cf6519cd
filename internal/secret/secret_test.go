package secret_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/internal/secret"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		kind       secret.Kind
		ok         bool
	}{
		{"a key", "c2VjcmV0", secret.Literal, true},
		{"a file", "file:/run/secrets/key", secret.File, true},
		{"a file without a path", "file:", 0, false},
		{"Key Vault", "https://my-vault.vault.azure.net/secrets/key", secret.KeyVault, true},
		{"Key Vault, one version", "https://my-vault.vault.azure.net/secrets/key/0123abcd", secret.KeyVault, true},
		{"Key Vault in China", "https://v.vault.azure.cn/secrets/key", secret.KeyVault, true},
		{"another host", "https://evil.example/secrets/key", 0, false},
		{"a host with the same end", "https://evilvault.azure.net/secrets/key", 0, false},
		{"plain HTTP", "http://v.vault.azure.net/secrets/key", 0, false},
		{"a user in the URL", "https://a@v.vault.azure.net/secrets/key", 0, false},
		{"a Key Vault key", "https://v.vault.azure.net/keys/key", 0, false},
		{"Secrets Manager", "arn:aws:secretsmanager:eu-west-1:1234567890:secret:key-AbC", secret.SecretsManager, true},
		{"SSM", "arn:aws:ssm:eu-west-1:123456789012:parameter/mayfly/key", secret.Parameter, true},
		{"an ARN of something else", "arn:aws:s3:::bucket", 0, false},
		{"a region that is a host", "arn:aws:ssm:evil.example/:1:parameter/x", 0, false},
		{"unresolved", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k)", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ref, err := secret.Parse(tt.text)
			if (err == nil) != tt.ok || ref.Kind() != tt.kind {
				t.Errorf("kind %d, %v", ref.Kind(), err)
			}
			if tt.kind == secret.Literal {
				inside := struct{ r secret.Reference }{ref}
				if shown := fmt.Sprintf("%v %s %#v %+v", ref, ref, ref, inside); strings.Contains(shown, tt.text) {
					t.Errorf("it prints the secret: %s", shown)
				}
			}
		})
	}
}

// cloud answers as Azure and AWS do, and keeps the requests.
type cloud struct {
	asked []*http.Request
	body  []string
	by    map[string]string // host and path: answer; "" is 403
}

func (c *cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked = append(c.asked, r)
	if r.Body != nil {
		text, _ := io.ReadAll(r.Body)
		c.body = append(c.body, string(text))
	}
	answer, ok := c.by[r.URL.Host+r.URL.Path]
	status := http.StatusOK
	switch {
	case !ok:
		return nil, errors.New("no such host")
	case answer == "":
		status, answer = http.StatusForbidden, `{"error":{"code":"Forbidden","message":"oops c2VjcmV0"}}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func loader(c *cloud, env map[string]string) *secret.Loader {
	return &secret.Loader{Transport: c, Getenv: func(k string) string { return env[k] }, Now: time.Now}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		vault     = "https://v.vault.azure.net/secrets/k"
		vaultAt   = "v.vault.azure.net/secrets/k"
		manager   = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf"
		managerAt = "secretsmanager.eu-west-1.amazonaws.com/"
		ssm       = "arn:aws:ssm:eu-west-1:123456789012:parameter/key"
		ssmAt     = "ssm.eu-west-1.amazonaws.com/"
		tokenAt   = "127.0.0.1:41000/msi/token"
		machineAt = "169.254.169.254/metadata/identity/oauth2/token"
		token     = `{"access_token":"tok"}`
		roleKeys  = `{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"2099-01-01T00:00:00Z"}`
		parameter = `{"Parameter":{"Value":"from-ssm"}}`
	)
	azure := map[string]string{"IDENTITY_ENDPOINT": "http://" + tokenAt, "IDENTITY_HEADER": "h"}
	lambda := map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
	container := map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}
	pod := map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI":     "http://169.254.170.23/v1/credentials",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path,
	}
	type answers = map[string]string
	tests := []struct {
		name, ref string
		env       map[string]string
		by        answers
		want      string
		temporary bool
	}{
		{name: "literal", ref: "c2VjcmV0", want: "c2VjcmV0"},
		{name: "file", ref: "file:" + path, want: "from-file"},
		{name: "a file that does not exist", ref: "file:" + path + "x"},
		{name: "a file of more than 1 MiB", ref: "file:" + big},
		{name: "Key Vault", ref: vault, env: azure, want: "from-vault",
			by: answers{tokenAt: token, vaultAt: `{"value":"from-vault"}`}},
		{name: "Key Vault with the identity of the machine", ref: vault, want: "from-vault",
			by: answers{machineAt: token, vaultAt: `{"value":"from-vault"}`}},
		{name: "Key Vault refuses", ref: vault, env: azure, by: answers{tokenAt: token, vaultAt: ""}},
		{name: "Key Vault is down", ref: vault, env: azure, by: answers{tokenAt: token}, temporary: true},
		{name: "an empty secret", ref: vault, env: azure, temporary: true,
			by: answers{tokenAt: token, vaultAt: `{"value":" "}`}},
		{name: "a secret of more than 1 MiB", ref: vault, env: azure, temporary: true,
			by: answers{tokenAt: token, vaultAt: `{"value":"` + strings.Repeat("x", 1<<20) + `"}`}},
		{name: "Secrets Manager", ref: manager, env: lambda, want: "from-aws",
			by: answers{managerAt: `{"SecretString":"from-aws"}`}},
		{name: "Secrets Manager, binary", ref: manager, env: lambda, want: "from-aws",
			by: answers{managerAt: `{"SecretBinary":"ZnJvbS1hd3M="}`}},
		{name: "SSM", ref: ssm, env: lambda, by: answers{ssmAt: parameter}, want: "from-ssm"},
		{name: "SSM from a container", ref: ssm, env: container, want: "from-ssm",
			by: answers{"169.254.170.2/creds": roleKeys, ssmAt: parameter}},
		{name: "SSM from a pod", ref: ssm, env: pod, want: "from-ssm",
			by: answers{"169.254.170.23/v1/credentials": roleKeys, ssmAt: parameter}},
		{name: "SSM without an identity", ref: ssm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ref, err := secret.Parse(tt.ref)
			if err != nil {
				t.Fatal(err)
			}
			c := &cloud{by: tt.by}
			got, err := loader(c, tt.env).Load(t.Context(), ref)
			var failed *secret.Error
			if got != tt.want || errors.As(err, &failed) != (tt.want == "") {
				t.Fatalf("got %q, %v", got, err)
			}
			if err != nil && (failed.Temporary != tt.temporary || strings.Contains(err.Error(), "c2VjcmV0")) {
				t.Errorf("%v, temporary: %v", err, failed.Temporary)
			}
			if secret.Temporary(err) != tt.temporary {
				t.Errorf("Temporary(%v) is not %v", err, tt.temporary)
			}
			for _, r := range c.asked {
				want := ""
				switch {
				case strings.Contains(r.URL.Host, "amazonaws"):
					want = "AWS4-HMAC-SHA256 Credential="
				case strings.Contains(r.URL.Host, "vault"):
					want = "Bearer tok"
				case r.URL.Host == "169.254.170.23":
					want = "from-file"
				}
				if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, want) {
					t.Errorf("%s: Authorization is %q, want %q", r.URL, got, want)
				}
			}
			for _, body := range c.body {
				if !json.Valid([]byte(body)) {
					t.Errorf("body %s", body)
				}
			}
		})
	}
}

// Errors of identities tell as well whether the same may succeed later.
func TestTemporary(t *testing.T) {
	t.Parallel()
	at := map[string]string{
		"IDENTITY_ENDPOINT":                  "http://127.0.0.1:1/token",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/keys",
	}
	network := &secret.Loader{Transport: http.DefaultTransport, Getenv: func(k string) string { return at[k] }}
	_, _, azure := network.ManagedIdentity(t.Context(), "r")
	_, aws := network.AWSCredentials(t.Context())
	_, none := loader(&cloud{}, nil).AWSCredentials(t.Context())
	for _, tt := range []struct {
		err  error
		want bool
	}{{azure, true}, {aws, true}, {none, false}, {errors.New("else"), false}, {nil, false}} {
		if got := secret.Temporary(tt.err); got != tt.want {
			t.Errorf("Temporary(%v) is %v", tt.err, got)
		}
	}
}

// The signature covers the body, the headers, the service and the region. The expected
// one was made by an implementation of Signature Version 4 that passes AWS's test suite.
func TestAWSCallIsSigned(t *testing.T) {
	t.Parallel()
	ref, err := secret.Parse("arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf")
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{by: map[string]string{"secretsmanager.eu-west-1.amazonaws.com/": `{"SecretString":"from-aws"}`}}
	l := loader(c, map[string]string{
		"AWS_ACCESS_KEY_ID":     "AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		"AWS_SESSION_TOKEN":     "IQoJb3JpZ2luX2Vj//token+=",
	})
	l.Now = func() time.Time { return time.Date(2026, 1, 2, 5, 4, 5, 0, time.FixedZone("EET", 2*60*60)) }
	if _, err := l.Load(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	const want = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/secretsmanager/aws4_request, " +
		"SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;x-amz-target, " +
		"Signature=ca77eac8d14678da8c806898f22c82c781714f4a602a9732c41614aa71b0a214"
	if got := c.asked[0].Header.Get("Authorization"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("file:x")
	f.Add("https://v.vault.azure.net/secrets/k")
	f.Add("arn:aws:ssm:r:1:parameter/x")
	f.Add("@Microsoft.KeyVault(")
	f.Add("key")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := secret.Parse(text)
		if err != nil && !errors.Is(err, secret.ErrReference) {
			t.Errorf("%v", err)
		}
		if err == nil && ref.Kind() == secret.KeyVault && !strings.HasPrefix(strings.TrimSpace(text), "https://") {
			t.Errorf("%q is taken for a vault", text)
		}
	})
}
