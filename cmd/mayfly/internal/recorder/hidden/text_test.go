package hidden_test

import (
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
)

// TestBodySecrets: credentials are hidden in bodies of all kinds, broken ones and such with another media type too, and
// come back as they were.
func TestBodySecrets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ mediaType, body string }{
		"JSON":                {"application/json", `{"id":"d","api_key":"hush-1","a":[{"password":"hush-2"}]}`},
		"JSON called a form":  {"application/x-www-form-urlencoded", `{"id":"d","api_key":"hush-1"}`},
		"broken JSON":         {"application/json", "{\"id\":\"d\",\n \"api_key\" :\n \"hush\\\"1\",}"},
		"JSON cut off":        {"application/json", `{"id":"d","api_key":"hush-1`},
		"a form called JSON":  {"application/json", `id=d&api_key=hush-1&t=1`},
		"form":                {"application/x-www-form-urlencoded", `id=d&api_key=hush-1&t=1`},
		"NDJSON":              {"application/x-ndjson", "{\"id\":\"d\",\"token\":\"hush-1\"}\n{\"token\":\"hush-2\"\n"},
		"XML element":         {"text/xml", `<r><id>d</id><api_key a="1">hush-1</api_key></r>`},
		"XML CDATA":           {"text/xml", `<r><id>d</id><api_key><![CDATA[hush<1]]></api_key></r>`},
		"XML attribute":       {"text/xml", `<r id="d" api_key="hush 1" x='1' token='hush-2'/>`},
		"CSV":                 {"text/csv", "id,t,api_key\r\nd,1,hush-1\r\nd,2,\"hush,2\"\r\n"},
		"CSV with semicolons": {"text/csv", "id;\"token\";t\nd;hush-1;1\n"},
		"multipart": {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n" +
			"d\r\n--b\r\nContent-Disposition: form-data; name=\"api_key\"\r\nContent-Type: text/plain\r\n\r\n" +
			"hush-1\r\n--b--\r\n"},
		"InfluxDB": {"text/plain", `m,id=d,token=hush-1 t=1,password="hush 2"`},
		"text":     {"text/plain", "id: d\npassword: hush-1\nt: 1\n"},
	} {
		var s hidden.Secrets
		got := string(s.Body([]byte(tt.body), tt.mediaType, nil))
		if strings.Contains(got, "hush") || !strings.Contains(got, "[hidden-1]") || !strings.Contains(got, "d") {
			t.Errorf("%s: %s", name, got)
		}
		if back := s.Reveal(got); back != tt.body {
			t.Errorf("%s: came back as %s", name, back)
		}
	}
}

// TestBodyWithoutSecrets: a body without a credential stays as it is.
func TestBodyWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "x", `{"id":"d"}`, "id,t\nd,1\n", `<r a="b">c</r>`, "a=b&c=d", "\xff\xfe", `{"keys":{"a":"b"},`,
		"m,a=b t=1",
	} {
		var s hidden.Secrets
		if got := string(s.Body([]byte(body), "text/plain", nil)); got != body || s.Len() > 0 {
			t.Errorf("%q became %q", body, got)
		}
	}
}
