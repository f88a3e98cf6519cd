package secret_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
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
		{"Key Vault, one version", "https://my-vault.vault.azure.net/secrets/key/0123456789abcdef", secret.KeyVault, true},
		{"Key Vault in China", "https://v.vault.azure.cn/secrets/key", secret.KeyVault, true},
		{"another host", "https://evil.example/secrets/key", 0, false},
		{"a host that ends alike", "https://evilvault.azure.net/secrets/key", 0, false},
		{"plain HTTP", "http://v.vault.azure.net/secrets/key", 0, false},
		{"a user in the URL", "https://a@v.vault.azure.net/secrets/key", 0, false},
		{"no secret", "https://v.vault.azure.net/keys/key", 0, false},
		{"Secrets Manager", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf", secret.SecretsManager, true},
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
				for _, shown := range []string{fmt.Sprint(ref), fmt.Sprintf("%#v %+v", ref, struct{ r secret.Reference }{ref}), ref.String()} {
					if strings.Contains(shown, tt.text) {
						t.Errorf("it shows: %s", shown)
					}
				}
			}
		})
	}
}

// cloud answers as Azure and AWS do, and remembers what it was asked.
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
	azure := map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:41000/msi/token", "IDENTITY_HEADER": "h"}
	lambda := map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
	const token = "127.0.0.1:41000/msi/token"
	tests := []struct {
		name, ref string
		env, by   map[string]string
		want      string
		temporary bool
	}{
		{name: "itself", ref: "c2VjcmV0", want: "c2VjcmV0"},
		{name: "file", ref: "file:" + path, want: "from-file"},
		{name: "no file", ref: "file:" + path + "x"},
		{name: "Key Vault", ref: "https://v.vault.azure.net/secrets/k", env: azure,
			by: map[string]string{token: `{"access_token":"tok"}`, "v.vault.azure.net/secrets/k": `{"value":"from-vault"}`}, want: "from-vault"},
		{name: "Key Vault, machine's identity", ref: "https://v.vault.azure.net/secrets/k",
			by: map[string]string{"169.254.169.254/metadata/identity/oauth2/token": `{"access_token":"tok"}`, "v.vault.azure.net/secrets/k": `{"value":"from-vault"}`}, want: "from-vault"},
		{name: "Key Vault says no", ref: "https://v.vault.azure.net/secrets/k", env: azure, by: map[string]string{token: `{"access_token":"tok"}`, "v.vault.azure.net/secrets/k": ""}},
		{name: "Key Vault is away", ref: "https://v.vault.azure.net/secrets/k", env: azure, by: map[string]string{token: `{"access_token":"tok"}`}, temporary: true},
		{name: "empty secret", ref: "https://v.vault.azure.net/secrets/k", env: azure, by: map[string]string{token: `{"access_token":"tok"}`, "v.vault.azure.net/secrets/k": `{"value":" "}`}, temporary: true},
		{name: "Secrets Manager", ref: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf", env: lambda,
			by: map[string]string{"secretsmanager.eu-west-1.amazonaws.com/": `{"SecretString":"from-aws"}`}, want: "from-aws"},
		{name: "SSM", ref: "arn:aws:ssm:eu-west-1:123456789012:parameter/key", env: lambda,
			by: map[string]string{"ssm.eu-west-1.amazonaws.com/": `{"Parameter":{"Value":"from-ssm"}}`}, want: "from-ssm"},
		{name: "AWS in a container", ref: "arn:aws:ssm:eu-west-1:123456789012:parameter/key", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"},
			by: map[string]string{"169.254.170.2/creds": `{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"2099-01-01T00:00:00Z"}`,
				"ssm.eu-west-1.amazonaws.com/": `{"Parameter":{"Value":"from-ssm"}}`}, want: "from-ssm"},
		{name: "AWS in a pod", ref: "arn:aws:ssm:eu-west-1:123456789012:parameter/key",
			env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path},
			by: map[string]string{"169.254.170.23/v1/credentials": `{"AccessKeyId":"a","SecretAccessKey":"b","Token":"c"}`,
				"ssm.eu-west-1.amazonaws.com/": `{"Parameter":{"Value":"from-ssm"}}`}, want: "from-ssm"},
		{name: "AWS without an identity", ref: "arn:aws:ssm:eu-west-1:123456789012:parameter/key"},
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
			if err != nil && (failed.Temporary != tt.temporary || strings.Contains(err.Error(), "c2VjcmV0") && tt.ref != "c2VjcmV0") {
				t.Errorf("%v, temporary: %v", err, failed.Temporary)
			}
			for _, r := range c.asked {
				if strings.Contains(r.URL.Host, "amazonaws") && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") {
					t.Errorf("unsigned: %v", r.Header)
				}
				if r.URL.Host == "169.254.170.23" && r.Header.Get("Authorization") != "from-file" {
					t.Errorf("without the token of the file: %v", r.Header)
				}
				if strings.Contains(r.URL.Host, "vault") && r.Header.Get("Authorization") != "Bearer tok" {
					t.Errorf("without a token: %v", r.Header)
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

func TestValueIsReadOnceAndRefreshedSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cloud{by: map[string]string{"169.254.169.254/metadata/identity/oauth2/token": `{"access_token":"tok"}`, "v.vault.azure.net/secrets/k": `{"value":"one"}`}}
		ref, err := secret.Parse("https://v.vault.azure.net/secrets/k")
		if err != nil {
			t.Fatal(err)
		}
		v := secret.NewValue(loader(c, nil), ref, func(s string) (string, error) { return s, nil })
		want := func(value string, calls int) {
			t.Helper()
			got, err := v.Get(context.Background())
			if got != value || err != nil || len(c.asked) != calls {
				t.Errorf("got %q, %v after %d calls; want %q after %d", got, err, len(c.asked), value, calls)
			}
		}
		want("one", 2)
		want("one", 2)
		c.by["v.vault.azure.net/secrets/k"] = `{"value":"two"}`
		v.Refresh(context.Background())
		want("two", 4)
		c.by["v.vault.azure.net/secrets/k"] = `{"value":"three"}`
		v.Refresh(context.Background()) // too soon
		want("two", 4)
		time.Sleep(3 * time.Minute)
		c.by["v.vault.azure.net/secrets/k"] = ""
		v.Refresh(context.Background()) // refused: the old one stays
		want("two", 6)
		time.Sleep(3 * time.Minute)
		c.by["v.vault.azure.net/secrets/k"] = `{"value":"three"}`
		v.Refresh(context.Background())
		want("three", 8)
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"file:x", "https://v.vault.azure.net/secrets/k", "arn:aws:ssm:r:1:parameter/x", "@Microsoft.KeyVault(", "key"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := secret.Parse(text)
		if err != nil && !errors.Is(err, secret.ErrReference) {
			t.Errorf("%v", err)
		}
		if err == nil && ref.Kind() == secret.KeyVault && !strings.HasPrefix(text, "https://") && strings.TrimSpace(text) == text {
			t.Errorf("%q is taken for a vault", text)
		}
	})
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
