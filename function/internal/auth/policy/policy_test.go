package policy_test

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/auth/policy"
	"mayfly/transform/message"
)

// A key is good until the instant that it expires at, and two keys are one caller's.
func TestKeysExpire(t *testing.T) {
	t.Parallel()
	expires := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	gate, north := &policy.Caller{Name: "gate"}, &policy.Caller{Name: "north"}
	keys := policy.Keys{
		{Sum: sha256.Sum256([]byte("ever")), Owner: gate},
		{Sum: sha256.Sum256([]byte("until")), Owner: north, Expires: expires},
		{Sum: sha256.Sum256(nil), Owner: gate},
	}
	for _, tt := range []struct {
		name, key string
		at        time.Time
		want      *policy.Caller
	}{
		{"for ever", "ever", expires.AddDate(100, 0, 0), gate},
		{"before", "until", expires.Add(-time.Nanosecond), north},
		{"at that instant", "until", expires, nil},
		{"after", "until", expires.Add(time.Nanosecond), nil},
		{"unknown", "other", expires, nil},
		{"empty", "", expires, nil},
	} {
		if got := keys.Find(tt.key, tt.at); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for pattern, ids := range map[policy.Pattern]struct{ yes, no []string }{
		"a":       {[]string{"a"}, []string{"", "A", "ab", "ba"}},
		"*":       {[]string{"a", "any-thing"}, nil},
		"a-*":     {[]string{"a-", "a-1", "a-*"}, []string{"a", "b-1", "ba-1"}},
		"*-a":     {[]string{"-a", "b-a", "a-a-a"}, []string{"a", "b-ab"}},
		"a?c":     {[]string{"abc", "a?c"}, []string{"ac", "abbc"}},
		"a*b*c":   {[]string{"abc", "aXbYc", "abcbc"}, []string{"acb", "ab", "abcd"}},
		"**":      {[]string{"a"}, nil},
		"?*":      {[]string{"a", "ab"}, []string{""}},
		"dev-1.x": {[]string{"dev-1.x"}, []string{"dev-10x"}},
	} {
		for _, id := range ids.yes {
			if !(policy.Patterns{"none", pattern}).Allow(id) {
				t.Errorf("%s does not match %q", pattern, id)
			}
		}
		for _, id := range ids.no {
			if (policy.Patterns{"none", pattern}).Allow(id) {
				t.Errorf("%s matches %q", pattern, id)
			}
		}
	}
	if !policy.Patterns(nil).Allow("a") || (policy.Patterns{}).Allow("a") {
		t.Error("no list is every device, an empty one is none")
	}
}

func TestValidatePattern(t *testing.T) {
	t.Parallel()
	sub := func(name string) bool { return name == "sub" }
	for _, tt := range []struct {
		text  string
		names func(string) bool
		want  bool
	}{
		{"a-*", nil, true},
		{strings.Repeat("a", 127), nil, true},
		{strings.Repeat("*", 256), nil, false}, // longer than any id
		{strings.Repeat("{sub}", 51) + "a", sub, true},
		{strings.Repeat("{sub}", 51) + "aa", sub, false}, // 257 bytes
		{"", nil, false},
		{"a b", nil, false},
		{"a/b", nil, false},
		{"{sub}-*", sub, true},
		{"{sub}", nil, false},
		{"{other}", sub, false},
		{"{}", sub, false},
		{"{sub", sub, false},
	} {
		if err := policy.ValidatePattern(tt.text, tt.names); (err == nil) != tt.want {
			t.Errorf("%q: %v, want valid: %v", tt.text, err, tt.want)
		}
	}
}

// A caller speaks for its own devices, and for a gateway only where that is its own.
func TestMaySpeakFor(t *testing.T) {
	t.Parallel()
	own := policy.NewCaller("gate", &policy.PermissionSpec{Devices: []string{"own-*"}})
	for _, tt := range []struct {
		name     string
		caller   *policy.Caller
		messages []message.Message
		want     bool
	}{
		{"its own", own, []message.Message{{DeviceID: "own-1"}, {DeviceID: "own-2", GatewayID: "own-3"}}, true},
		{"the last is another's", own, []message.Message{{DeviceID: "own-1"}, {DeviceID: "x"}}, false},
		{"another's gateway", own, []message.Message{{DeviceID: "own-1", GatewayID: "x"}}, false},
		{"who may all", policy.NewCaller("a", &policy.PermissionSpec{}), []message.Message{{DeviceID: "x"}}, true},
		{"who may none", policy.NewCaller("a", &policy.PermissionSpec{Devices: []string{}}),
			[]message.Message{{DeviceID: "x"}}, false},
		{"whom somebody else has checked", nil, []message.Message{{DeviceID: "x"}}, true},
	} {
		if err := tt.caller.MaySpeakFor(tt.messages); (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A claim that could not stand in a device id makes no pattern.
func TestHolder(t *testing.T) {
	t.Parallel()
	p := policy.NewPermission(&policy.PermissionSpec{Devices: []string{"{sub}", "{plant}-*", "fixed"}}, "idp", "{sub}")
	claims := map[string]string{"sub": "dev-1", "plant": "*"}
	c := p.Holder("dev-1", func(name string) string { return claims[name] })
	for id, want := range map[string]bool{"dev-1": true, "fixed": true, "any-1": false, "-1": false} {
		if c.Devices.Allow(id) != want {
			t.Errorf("%s: want %v", id, want)
		}
	}
	if c.Name != "idp/dev-1" {
		t.Error(c.Name)
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	n, err := policy.ParseNetworks([]string{" 192.0.2.7 ", "198.51.100.77/24", "2001:db8::/32", ""})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"192.0.2.7": true, "192.0.2.8": false, "198.51.100.0": true, "198.51.100.255": true, "198.51.101.0": false,
		"[2001:db8::1]:5": true, "2001:db9::": false, "192.0.2.7:443": true, "::ffff:192.0.2.7": true,
		"fe80::1%eth0": false, "2001:db8::1%eth0": true, "": false, "host": false,
	} {
		if n.Contain(policy.ParseAddr(address)) != want {
			t.Errorf("%q: want %v", address, want)
		}
	}
	if n.Contain(netip.Addr{}) {
		t.Error("it contains what is not an address")
	}
	for _, wrong := range []string{"192.0.2.0/33", "192.0.2", "host", "192.0.2.1-9"} {
		if _, err := policy.ParseNetworks([]string{wrong}); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}
