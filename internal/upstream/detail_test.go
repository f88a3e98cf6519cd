package upstream_test

import (
	"strings"
	"testing"

	"mayfly/internal/upstream"
)

func TestReadDetail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		want upstream.Detail
	}{
		{"nothing", "", upstream.Detail{}},
		{"a text", "busy\n", upstream.Detail{Message: "busy"}},
		{"JSON of another kind", `["busy"]`, upstream.Detail{Message: `["busy"]`}},
		{"an empty object", `{}`, upstream.Detail{Message: `{}`}},
		{"bare", `{"errorCode":401002,"trackingId":"t","message":"Unauthorized"}`,
			upstream.Detail{Code: 401002, Message: "Unauthorized", TrackingID: "t"}},
		{"the code in a string", `{"errorCode":"401002"}`, upstream.Detail{Code: 401002}},
		{"a name as the code", `{"errorCode":"DeviceNotFound"}`, upstream.Detail{Name: "DeviceNotFound"}},
		{"code", `{"code":404001}`, upstream.Detail{Code: 404001}},
		{"Code in a string", `{"Code":"404001","Message":"m"}`, upstream.Detail{Code: 404001, Message: "m"}},
		{"errorCode before code", `{"code":1,"errorCode":404001}`, upstream.Detail{Code: 404001}},
		{"code where errorCode is null", `{"code":404001,"errorCode":null}`, upstream.Detail{Code: 404001}},
		{"a member of another type", `{"message":5,"errorCode":404001}`, upstream.Detail{Code: 404001}},
		{"a code of another type", `{"code":{"a":1},"message":"m"}`, upstream.Detail{Message: "m"}},
		{"wrapped in error", `{"error":{"code":"TooMany","message":"m"}}`,
			upstream.Detail{Name: "TooMany", Message: "m"}},
		{"error is a text", `{"error":"x","message":"m"}`, upstream.Detail{Message: "m"}},
		{"a name in the message",
			`{"Message":"ErrorCode:ServerError;Internal","ExceptionMessage":"Tracking ID:1f-G:5, x"}`,
			upstream.Detail{Name: "ServerError", Message: "Internal", TrackingID: "1f-G:5"}},
		{"JSON in the message", `{"Message":"{\"errorCode\":429003,\"message\":\"wait\"}","ExceptionMessage":""}`,
			upstream.Detail{Code: 429003, Message: "wait"}},
		{"a code around JSON in the message", `{"errorCode":401002,"message":"{\"Message\":\"ErrorCode:X;y\"}"}`,
			upstream.Detail{Code: 401002, Name: "X", Message: "y"}},
		{"a broken message", `{"Message":"{oops"}`, upstream.Detail{Message: "{oops"}},
		{"nested without end", strings.Repeat(`{"error":`, 100) + `{"code":1}` + strings.Repeat(`}`, 100),
			upstream.Detail{Message: upstream.Text(strings.Repeat(`{"error":`, 100))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := upstream.ReadDetail([]byte(tt.body)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// What another service has answered is told from a text of the service itself.
func TestReadForeign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		message string
		want    upstream.Detail
		ok      bool
	}{
		{"Unauthorized", upstream.Detail{}, false},
		{"", upstream.Detail{}, false},
		{"{}", upstream.Detail{Message: "{}"}, false},
		{`{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:f-G:10"}`,
			upstream.Detail{Name: "IotHubUnauthorizedAccess", Message: "Unauthorized", TrackingID: "f-G:10"}, true},
		{"ErrorCode:IotHubUnauthorizedAccess;Unauthorized",
			upstream.Detail{Name: "IotHubUnauthorizedAccess", Message: "Unauthorized"}, true},
		{`{"errorCode":403002,"message":"quota"}`, upstream.Detail{Code: 403002, Message: "quota"}, true},
	}
	for _, tt := range tests {
		if got, ok := upstream.ReadForeign(tt.message); got != tt.want || ok != tt.ok {
			t.Errorf("%q: got %+v, %v; want %+v, %v", tt.message, got, ok, tt.want, tt.ok)
		}
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]int{404001: 404, 40302001: 403, 429: 429, 99: 0, 0: 0, -404001: 0} {
		if got := upstream.Class(code); got != want {
			t.Errorf("%d: %d, want %d", code, got, want)
		}
	}
}

func FuzzReadDetail(f *testing.F) {
	f.Add([]byte(`{"Message":"{\"errorCode\":401002}","ExceptionMessage":"Tracking ID:1"}`))
	f.Add([]byte(`{"error":{"code":"X","message":"ErrorCode:Y;z"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := upstream.ReadDetail(body)
		for _, text := range []string{d.Name, d.Message, d.TrackingID} {
			if text != upstream.Text(text) && len(text) < 300 {
				t.Errorf("%q is not fit for a log", text)
			}
		}
	})
}
