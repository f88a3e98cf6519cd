package secret

import (
	"net/http"
	"testing"
	"time"
)

// The first is of AWS's test suite for Signature Version 4; the others were made by
// AWS's own signer for Go (aws-sdk-go-v2, aws/signer/v4).
func TestSignatures(t *testing.T) {
	t.Parallel()
	const id, secretKey = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	call := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"secretsmanager.GetSecretValue"}}
	const body = `{"SecretId":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf"}`
	tests := []struct {
		name, url, service, region, body, token string
		header                                  http.Header
		now                                     time.Time
		want                                    string
	}{
		{name: "post-vanilla", url: "https://example.amazonaws.com/", service: "service", region: "us-east-1",
			now:  time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC),
			want: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{name: "a user's", url: "https://secretsmanager.eu-west-1.amazonaws.com/", service: "secretsmanager", region: "eu-west-1", body: body, header: call,
			now:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			want: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=c26fb8c3895c104d2245722ff66d83f92dd6fc174331cbeedf157e2d12cc4afe"},
		{name: "a role's, in a zone east of Greenwich", url: "https://secretsmanager.eu-west-1.amazonaws.com/", service: "secretsmanager", region: "eu-west-1", body: body, header: call,
			token: "IQoJb3JpZ2luX2Vj//token+=", now: time.Date(2026, 1, 2, 5, 4, 5, 0, time.FixedZone("EET", 2*60*60)),
			want: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=e2bc825c2b808a3d939c146e2ff4f55209925d02088a613b1ee98800d7163b36"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequest(http.MethodPost, tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != nil {
				req.Header = tt.header.Clone()
			}
			awsKeys{id, secretKey, tt.token}.sign(req, []byte(tt.body), tt.service, tt.region, tt.now)
			if got := req.Header.Get("Authorization"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
