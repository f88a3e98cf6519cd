package secret

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// keyVault reads a secret with the managed identity of the process.
func (l *Loader) keyVault(ctx context.Context, secretURL string) (string, error) {
	u, err := url.Parse(secretURL)
	if err != nil {
		return "", err
	}
	_, domain, _ := strings.Cut(u.Hostname(), ".") // vault.azure.net
	token, _, err := l.ManagedIdentity(ctx, "https://"+domain)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, secretURL+"?api-version=7.4", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	var answer struct {
		Value string `json:"value"`
	}
	err = l.call(req, &answer)
	return answer.Value, err
}

// ManagedIdentity returns a token for a resource and its end, which is zero where it is not told: from the endpoint
// that App Service and Functions name (azure-docs, app-service/overview-managed-identity.md), else from the metadata
// service of the virtual machine.
func (l *Loader) ManagedIdentity(ctx context.Context, resource string) (string, time.Time, error) {
	query := url.Values{"resource": {resource}}
	header := http.Header{}
	endpoint := l.Getenv("IDENTITY_ENDPOINT")
	if endpoint != "" {
		header.Set("X-IDENTITY-HEADER", l.Getenv("IDENTITY_HEADER"))
		query.Set("api-version", "2019-08-01")
	} else {
		endpoint = "http://169.254.169.254/metadata/identity/oauth2/token"
		header.Set("Metadata", "true")
		query.Set("api-version", "2018-02-01")
	}
	if client := l.Getenv("AZURE_CLIENT_ID"); client != "" {
		query.Set("client_id", client)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"?"+query.Encode(), nil)
	if err != nil {
		return "", time.Time{}, err
	}
	req.Header = header
	var answer struct {
		AccessToken string          `json:"access_token"`
		ExpiresOn   json.RawMessage `json:"expires_on"` // Unix seconds, mostly in a string
	}
	if err := l.call(req, &answer); err != nil {
		return "", time.Time{}, err
	}
	end, err := strconv.ParseInt(strings.Trim(string(answer.ExpiresOn), `"`), 10, 64)
	if err != nil {
		return answer.AccessToken, time.Time{}, nil // another form, or none: it is asked for again
	}
	return answer.AccessToken, time.Unix(end, 0), nil
}
