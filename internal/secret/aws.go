package secret

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// secretsManager reads a secret (AWS Secrets Manager API Reference,
// GetSecretValue).
func (l *Loader) secretsManager(ctx context.Context, arn string) (string, error) {
	var answer struct {
		SecretString string `json:"SecretString"`
		SecretBinary []byte `json:"SecretBinary"`
	}
	input := map[string]any{"SecretId": arn}
	err := l.awsCall(ctx, arn, "secretsmanager", "secretsmanager.GetSecretValue", input, &answer)
	if answer.SecretString == "" {
		return string(answer.SecretBinary), err
	}
	return answer.SecretString, err
}

// parameter reads a parameter, decrypted (AWS Systems Manager API Reference,
// GetParameter).
func (l *Loader) parameter(ctx context.Context, arn string) (string, error) {
	var answer struct {
		Parameter struct {
			Value string `json:"Value"`
		} `json:"Parameter"`
	}
	input := map[string]any{"Name": arn, "WithDecryption": true}
	err := l.awsCall(ctx, arn, "ssm", "AmazonSSM.GetParameter", input, &answer)
	return answer.Parameter.Value, err
}

// awsCall makes one signed call of AWS's JSON protocol to the service and the region of
// an ARN.
func (l *Loader) awsCall(ctx context.Context, arn, service, operation string, input, output any) error {
	parts := strings.SplitN(arn, ":", 6)
	partition, region := parts[1], parts[3]
	domain := "amazonaws.com"
	if partition == "aws-cn" {
		domain = "amazonaws.com.cn"
	}
	endpoint := "https://" + service + "." + region + "." + domain + "/"
	// The variable that points AWS's SDKs to another endpoint.
	if own := l.Getenv("AWS_ENDPOINT_URL"); own != "" {
		endpoint = strings.TrimSuffix(own, "/") + "/"
	}
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", operation)
	credentials, err := l.AWSCredentials(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hash, service, region, l.Now()); err != nil {
		return err
	}
	return l.call(req, output)
}

// AWSCredentials returns the credentials that Lambda sets, or those that a container's credential endpoint hands out,
// with the time of their end (AWS SDKs and Tools Reference Guide, "Container credential provider").
func (l *Loader) AWSCredentials(ctx context.Context) (aws.Credentials, error) {
	if id := l.Getenv("AWS_ACCESS_KEY_ID"); id != "" {
		return aws.Credentials{
			AccessKeyID:     id,
			SecretAccessKey: l.Getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    l.Getenv("AWS_SESSION_TOKEN"),
		}, nil
	}
	endpoint := l.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if path := l.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		endpoint = "http://169.254.170.2" + path
	}
	if endpoint == "" {
		return aws.Credentials{}, errNoIdentity
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return aws.Credentials{}, err
	}
	token := l.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if path := l.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); path != "" {
		if token, err = readFile(path); err != nil {
			return aws.Credentials{}, err
		}
	}
	if token = strings.TrimSpace(token); token != "" {
		req.Header.Set("Authorization", token)
	}
	var keys struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string // of a role
		Expiration      time.Time
	}
	err = l.call(req, &keys)
	return aws.Credentials{
		AccessKeyID:     keys.AccessKeyID,
		SecretAccessKey: keys.SecretAccessKey,
		SessionToken:    keys.Token,
		CanExpire:       !keys.Expiration.IsZero(),
		Expires:         keys.Expiration,
	}, err
}
