package httpquery_test

import (
	"net/url"
	"testing"

	"mayfly/function/internal/httpquery"
	"mayfly/transform/message"
)

func TestAsForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query, body, want string
		any                     bool
	}{
		{"measurements", "temp=21.50&on=true", "", "on=true&temp=21.50", true},
		{"what is about the message", "temp=1&messageId=m&modelId=x&timestamp=5&fleet=f", "", "temp=1", true},
		{"nothing else", "messageId=m", "", "", false},
		{"nothing", "", " ", "", false},
		{"a body", "temp=1", `{"a":1}`, `{"a":1}`, true},
		{"what a form has to escape", "a%26b=1%3D2", "", "a%26b=1%3D2", true},
	} {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		header := map[string][]string{"User-Agent": {"x"}}
		r := &message.Request{Query: query, Header: header, Body: []byte(tt.body)}
		if got := httpquery.AsForm(r); got != tt.any || string(r.Body) != tt.want {
			t.Errorf("%s: %s, %t", tt.name, r.Body, got)
		}
		if len(header) != 1 {
			t.Errorf("%s: the headers of the request were written to", tt.name)
		}
	}
}
