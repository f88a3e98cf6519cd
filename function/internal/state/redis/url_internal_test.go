package redis

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	type want struct {
		address, user, password, prefix string
		db                              int
		tls                             bool
	}
	for text, want := range map[string]want{
		"redis://h": {address: "h:6379", prefix: "mayfly:"},
		"redis://u:SECRET@h:1/2": {
			address: "h:1", user: "u", password: "SECRET", db: 2, prefix: "mayfly:"},
		"rediss://:SECRET@h/0?prefix=test:": {address: "h:6379", password: "SECRET", tls: true, prefix: "test:"},
		"redis://u@h?password=file:/run/secret": {
			address: "h:6379", user: "u", password: "file:/run/secret", prefix: "mayfly:"},
		"valkey://[::1]:7?prefix=": {address: "[::1]:7"},
		"redis:h":                  {}, "redis://": {}, "http://h": {}, "unix:///run/redis.sock": {},
		"redis://h/x": {}, "redis://h/1/2": {},
		"redis://:SECRET@h/SECRET": {}, "redis://h?passwort=SECRET": {}, "redis://h?password=arn:aws:SECRET": {},
		"redis://:SECRET@h:port": {}, "redis://h?db=SECRET": {}, "redis://h?%zz=SECRET": {},
	} {
		got, err := parse(text)
		if (err == nil) != (want.address != "") {
			t.Errorf("%s: error %v", text, err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s: the error shows the secret: %v", text, err)
			}
			continue
		}
		o := got.option
		if o.InitAddress[0] != want.address || o.Username != want.user || got.password != want.password ||
			o.SelectDB != want.db || (o.TLSConfig != nil) != want.tls || got.prefix != want.prefix {
			t.Errorf("%s: got %+v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"redis://u:p@h:1/2?prefix=a", "rediss://h?addr=i:2&addr=j", "valkey://[::1]?db=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parse(text); err == nil && len(got.option.InitAddress) == 0 {
			t.Errorf("%q has no address", text)
		}
	})
}
