package commands_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"mayfly/function/internal/commands"
)

func TestWantedBy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		target, header, value string
		want                  commands.Wish
		ok                    bool
	}{
		{"/x", "", "", commands.Wish{}, false},
		{"/x?wait=5", "", "", commands.Wish{Wait: 5 * time.Second}, true},
		{"/x?wait=0", "", "", commands.Wish{}, true},
		{"/x?a=1&wait=%35", "", "", commands.Wish{Wait: 5 * time.Second}, true},
		{"/x?wait=999999999999", "", "", commands.Wish{}, false},
		{"/x?wait=3600", "", "", commands.Wish{Wait: time.Minute}, true},
		{"/x?wait=-1", "", "", commands.Wish{}, false},
		{"/x?wait=", "", "", commands.Wish{}, false},
		{"/x?wait=%zz", "", "", commands.Wish{}, false},
		{"/x?await=1", "", "", commands.Wish{}, false},
		{"/x?hono-ttd=4", "", "", commands.Wish{Wait: 4 * time.Second, Hono: true}, true},
		{"/x", "Hono-Ttd", "4", commands.Wish{Wait: 4 * time.Second, Hono: true}, true},
		{"/x", "Prefer", "wait=7", commands.Wish{Wait: 7 * time.Second}, true},
		{"/x", "Prefer", `return=minimal; x="a,b", Wait = "7"`, commands.Wish{Wait: 7 * time.Second}, true},
		{"/x", "Prefer", "respond-async", commands.Wish{}, false},
		{"/x", "Prefer", "wait", commands.Wish{}, false},
	} {
		r := httptest.NewRequest("POST", tt.target, nil)
		if tt.header != "" {
			r.Header.Set(tt.header, tt.value)
		}
		got, ok := commands.WantedBy(r)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s %s %s: %+v %v, want %+v %v", tt.target, tt.header, tt.value, got, ok, tt.want, tt.ok)
		}
	}
}

// A request that does not ask costs nothing.
func TestNotWantedCostsNothing(t *testing.T) {
	r := httptest.NewRequest("POST", "/api/devices/dev-1/telemetry?messageId=m-1", nil)
	r.Header.Set("Content-Type", "application/json")
	if n := testing.AllocsPerRun(100, func() {
		if commands.Wanted(r, nil, nil) {
			t.Fatal("wanted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzWantedBy(f *testing.F) {
	f.Add("wait=5", "wait=5", "")
	f.Add("", "a, wait", "3")
	f.Fuzz(func(t *testing.T, query, prefer, ttd string) {
		r := httptest.NewRequest("POST", "/x", nil)
		r.URL.RawQuery = query
		r.Header["Prefer"], r.Header["Hono-Ttd"] = []string{prefer}, []string{ttd}
		for range 2 {
			if w, ok := commands.WantedBy(r); w.Wait < 0 || w.Wait > time.Minute || !ok && w.Wait != 0 {
				t.Errorf("%q %q %q: %+v %v", query, prefer, ttd, w, ok)
			}
			delete(r.Header, "Hono-Ttd")
		}
	})
}
