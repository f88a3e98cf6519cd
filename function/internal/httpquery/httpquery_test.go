package httpquery_test

import (
	"net/url"
	"testing"

	"mayfly/function/internal/httpquery"
)

func TestWithoutPlatform(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query string
		codeIsKey   bool
		want        string
	}{
		{"a function URL", "code=k&t=21.5", true, "t=21.5"},
		{"an old function URL", "code=k&clientId=default&t=21.5", true, "t=21.5"},
		{"an old function URL where nobody checks keys", "code=k&clientId=default&t=21.5", false, "t=21.5"},
		{"a code of the sender's own", "code=5&t=21.5", false, "code=5&t=21.5"},
		{"a client of the sender's own", "clientId=c-1&t=21.5", true, "clientId=c-1&t=21.5"},
		{"API Management", "subscription-key=k&Subscription-Key=k&t=21.5", false, "t=21.5"},
		{"signed for AWS", "X-Amz-Algorithm=a&X-Amz-Credential=c&X-Amz-Security-Token=s&X-Amz-Signature=s&t=21.5",
			false, "t=21.5"},
		{"a slot of App Service", "x-ms-routing-name=self&t=21.5", true, "t=21.5"},
		{"nothing to take out", "t=21.5&x-amzn=1&ms=2", true, "ms=2&t=21.5&x-amzn=1"},
		{"empty", "", true, ""},
	} {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		httpquery.WithoutPlatform(query, tt.codeIsKey)
		if got := query.Encode(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
