package function_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"mayfly/emulator"
)

// One fleet whose hub or DPS hangs does not take the places of another one, whoever
// checks the callers, and whether they come one by one or all at once.
func TestOneTenantDoesNotTakeAllPlaces(t *testing.T) {
	t.Parallel()
	const others = 226
	for name, tt := range map[string]struct {
		env      []string
		keys     bool
		hangs    string // a part of the path of the calls that hang
		oneByOne bool
	}{
		"callers, a hub hangs":       {nil, true, "/devices/north-", false},
		"callers, DPS hangs":         {nil, true, "/0nenorth/", false},
		"callers, one by one":        {nil, true, "/devices/north-", true},
		"nobody checks, a hub hangs": {[]string{"AUTH=none"}, false, "/devices/north-", false},
		"nobody checks, DPS hangs":   {[]string{"AUTH=none"}, false, "/0nenorth/", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				world := byScope{}
				file := "fleets:\n"
				for _, fleet := range []string{"north", "south"} {
					azure, err := emulator.New(emulator.Config{
						AssignAtOnce: true, IDScope: "0ne" + fleet, Hubs: []string{fleet + ".azure-devices.net"},
					})
					if err != nil {
						t.Fatal(err)
					}
					world["0ne"+fleet] = hanging{azure.RoundTripper(), tt.hangs}
					world[fleet+".azure-devices.net"] = hanging{azure.RoundTripper(), tt.hangs}
					file += "  - {name: " + fleet + ", idScope: 0ne" + fleet + ", groupKey: " + azure.GroupKey() + "}\n"
				}
				if tt.keys {
					file += "callers:\n  - {name: north, keys: [\"{key north}\"], fleets: [north]}\n" +
						"  - {name: south, keys: [\"{key south}\"], fleets: [south]}\n"
				}
				azure, err := emulator.New(emulator.Config{})
				if err != nil {
					t.Fatal(err)
				}
				h := bridgeOn(t, azure, world, file, tt.env...)
				send := func(fleet string) string {
					target := "/api/devices/" + fleet + "-1/telemetry"
					if !tt.keys {
						return h.send(http.MethodPost, target+"?fleet="+fleet, `{"n":1}`)
					}
					return h.send(http.MethodPost, target, `{"n":1}`, "X-Api-Key", fleet)
				}
				var slow, quick sync.WaitGroup
				var mu sync.Mutex
				count := map[string]int{}
				for range 700 {
					slow.Go(func() {
						got := send("north")
						mu.Lock()
						count[got]++
						mu.Unlock()
					})
				}
				synctest.Wait()
				if refused := count["Service Unavailable too-busy"]; refused != 700-256 {
					t.Errorf("the first was refused %d times: %v", refused, count)
				}
				got := make(chan string, others)
				for range others {
					quick.Go(func() { got <- send("south") })
					if tt.oneByOne {
						quick.Wait()
					}
				}
				quick.Wait()
				close(got)
				for one := range got {
					if one != ok {
						t.Fatal("another was answered", one)
					}
				}
				slow.Wait()
			})
		})
	}
}

// hanging is an Azure that gives no answer to some calls.
type hanging struct {
	http.RoundTripper
	path string
}

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, h.path) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return h.RoundTripper.RoundTrip(r)
}
