package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// awsKeys are what AWS calls credentials.
type awsKeys struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string // of a role; empty for a user
}

// sign adds AWS's Signature Version 4 to a POST to a service's root, with all of
// its headers in it (IAM User Guide, "Create a signed AWS API request"). AWS's own
// signer brings along what takes a twenty-fifth of a cold start.
func (k awsKeys) sign(req *http.Request, body []byte, service, region string, now time.Time) {
	stamp := now.UTC().Format("20060102T150405Z")
	day := stamp[:8]
	req.Header.Set("X-Amz-Date", stamp)
	if k.Token != "" {
		req.Header.Set("X-Amz-Security-Token", k.Token)
	}
	names := []string{"host"}
	for name := range req.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	var request strings.Builder
	request.WriteString("POST\n/\n\n")
	for _, name := range names {
		value := req.Header.Get(name)
		if name == "host" {
			value = req.URL.Host
		}
		request.WriteString(name + ":" + value + "\n")
	}
	signed := strings.Join(names, ";")
	request.WriteString("\n" + signed + "\n" + sha256Hex(body))
	scope := day + "/" + region + "/" + service + "/aws4_request"
	key := []byte("AWS4" + k.SecretAccessKey)
	for _, part := range []string{day, region, service, "aws4_request", "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + sha256Hex([]byte(request.String()))} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+k.AccessKeyID+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(key))
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
