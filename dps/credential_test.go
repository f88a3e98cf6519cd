package dps_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/dps"
)

// An assignment says which key DPS accepted, the polls use it, and so do the first
// calls for the next device.
func TestWhichKey(t *testing.T) {
	t.Parallel()
	primary, secondary := groupKey(t).Derive("primary"), groupKey(t).Derive("secondary")
	tests := []struct {
		name      string
		good      dps.Key
		dps       scriptedDPS
		secondary bool
		calls     string // small letters: refused with 401
	}{
		{"look-up, primary", primary, scriptedDPS{lookups: []string{assigned}}, false, "L L"},
		{"look-up, secondary", secondary, scriptedDPS{lookups: []string{assigned}}, true, "lL L"},
		{"registration, primary", primary, scriptedDPS{registers: []string{assigned}}, false, "LR LR"},
		{"registration, secondary", secondary, scriptedDPS{registers: []string{assigned}}, true, "lLR LR"},
		{"poll, primary", primary, scriptedDPS{registers: []string{assigning}, polls: []string{assigned}}, false,
			"LRP LRP"},
		{"poll, secondary", secondary, scriptedDPS{registers: []string{assigning}, polls: []string{assigned}}, true,
			"lLRP LRP"},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls strings.Builder
				accept := map[string]bool{}
				transport := roundTrip(func(r *http.Request) (*http.Response, error) {
					name := "L"
					if strings.HasSuffix(r.URL.Path, "/register") {
						name = "R"
					} else if strings.Contains(r.URL.Path, "/operations/") {
						name = "P"
					}
					if !accept[r.Header.Get("Authorization")] {
						calls.WriteString(strings.ToLower(name))
						return answers(401, `{"errorCode":401002}`)(r)
					}
					calls.WriteString(name)
					return tt.dps.RoundTrip(r)
				})
				now := time.Now()
				client := &dps.Client{IDScope: "s", Transport: transport, Now: func() time.Time { return now }}
				p := dps.NewProvisioner(client, dps.Options{})
				for _, id := range []string{"dev-1", "dev-2"} {
					accept[tokenOf(t, dps.Device{ID: id, Key: tt.good}, now)] = true
					got, err := p.Assign(t.Context(), dps.Device{ID: id, Key: primary, SecondaryKey: secondary})
					if err != nil || got.Secondary != tt.secondary {
						t.Errorf("%+v, %v", got, err)
					}
					if id == "dev-1" {
						calls.WriteByte(' ')
						tt.dps.calls = nil
					}
				}
				if calls.String() != tt.calls {
					t.Errorf("calls %s, want %s", calls.String(), tt.calls)
				}
			})
		})
	}
}

// A device with one key has no secondary one.
func TestOneKey(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*scriptedDPS{
		"look-up":      {lookups: []string{assigned}},
		"registration": {registers: []string{assigned}},
		"poll":         {registers: []string{assigning}, polls: []string{assigned}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, device := scripted(t, s, dps.Options{})
				if a, err := p.Assign(t.Context(), device); err != nil || a.Secondary {
					t.Errorf("%+v, %v", a, err)
				}
			})
		})
	}
}

// tokenOf returns the token by which a device is known.
func tokenOf(t *testing.T, d dps.Device, now time.Time) (token string) {
	t.Helper()
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		token = r.Header.Get("Authorization")
		return nil, errors.New("enough")
	})
	client := &dps.Client{IDScope: "s", Now: func() time.Time { return now }, Transport: transport}
	_, _ = client.Lookup(t.Context(), d)
	return token
}

// Two keys that are both refused give the error of the first, and change nothing.
func TestBothKeysRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedDPS{lookups: []string{unauthorized}, registers: []string{unauthorized}}
		p, device := scripted(t, s, dps.Options{})
		device.SecondaryKey = device.Key.Derive("x")
		for _, want := range []string{"L0 L0 R0 R0", "L0 L0 R0 R0 L60000 L60000 R60000 R60000"} {
			before := len(s.calls)
			if _, err := p.Assign(t.Context(), device); !errors.Is(err, dps.Unauthorized) {
				t.Error(err)
			}
			if s.history() != want {
				t.Errorf("calls %s, want %s", s.history(), want)
			}
			if s.calls[before].auth != tokenOf(t, device, time.Now()) {
				t.Error("the first call is not made with the primary key")
			}
			time.Sleep(time.Minute)
		}
	})
}

// A refusal holds for the credential that was refused.
func TestRefusalOfAnotherCredential(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedDPS{registers: []string{unauthorized, assigned}}
		p, device := scripted(t, s, dps.Options{})
		if _, err := p.Assign(t.Context(), device); !errors.Is(err, dps.Unauthorized) {
			t.Fatal(err)
		}
		device.Key = device.Key.Derive("x")
		if _, err := p.Assign(t.Context(), device); err != nil || s.history() != "L0 R0 L0 R0" {
			t.Errorf("%v, calls %s", err, s.history())
		}
	})
}

// A registration that was begun with a secondary key goes on where there is none
// any more.
func TestResumeWithoutSecondaryKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedDPS{
			lookups: []string{unauthorized, unknown}, registers: []string{assigning}, polls: []string{assigned},
		}
		p, device := scripted(t, s, dps.Options{})
		device.SecondaryKey = device.Key.Derive("x")
		if _, err := assignFor(t, p, device, time.Second); !errors.Is(err, dps.Pending) {
			t.Fatal(err)
		}
		device.Key, device.SecondaryKey = device.SecondaryKey, dps.Key{}
		if _, err := p.Assign(t.Context(), device); err != nil {
			t.Error(err)
		}
	})
}
