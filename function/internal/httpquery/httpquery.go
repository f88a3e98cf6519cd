package httpquery

import (
	"net/http"
	"net/url"
	"strings"
)

// Parse reads the query. A semicolon is a character like any other there: every
// DTMI has one, and few senders encode it.
func Parse(r *http.Request) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
}

// WithoutPlatform takes out of a query, which it changes, what platforms add to a sender's
// own: it must not get into a message. Those are the name of a function key beside the key
// (code and clientId, in function URLs of the portal's older days), the key of API
// Management, what signs a request to AWS, and what App Service routes by. code alone may
// be the sender's own where no caller shows a key.
func WithoutPlatform(query url.Values, codeIsKey bool) {
	if query.Has("code") && (codeIsKey || query.Has("clientId")) {
		delete(query, "code")
		delete(query, "clientId")
	}
	for name := range query {
		switch lower := strings.ToLower(name); {
		case lower == "subscription-key", strings.HasPrefix(lower, "x-amz-"), strings.HasPrefix(lower, "x-ms-"),
			lower == "x-functions-key", lower == "x-functions-clientid":
			delete(query, name)
		}
	}
}

// Values gives what of the query can be read.
func Values(r *http.Request) url.Values {
	values, _ := Parse(r)
	return values
}
