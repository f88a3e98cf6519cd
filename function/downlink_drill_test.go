package function_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// sigfox is an imitation of Sigfox' back end: it remembers what it was answered, and answers that it cut.
type sigfox struct {
	addr string

	mu       sync.Mutex
	got      map[string]int // downlink data, and how often it came
	answered int
	cut      int
	slowest  time.Duration
}

// callback makes one callback. how says what becomes of the connection: it is closed in good order, in the middle of
// the answer, before it, or reset.
func (s *sigfox) callback(t *testing.T, device string, n int, ack bool, how int) {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	body := fmt.Sprintf(`{"device":%q,"time":%d,"data":"0a","seqNumber":%d,"ack":%v}`, device, 1710000000+n, n, ack)
	start := time.Now()
	_, _ = fmt.Fprintf(conn, "POST /api/sigfox HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body)
	switch how {
	case 1: // the first bytes of the answer, and no more
		_, _ = io.ReadFull(conn, make([]byte, 20))
	case 2: // not even those
		_, _ = conn.Read(nil)
	case 3:
		_, _ = io.ReadFull(conn, make([]byte, 1))
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	if how > 0 {
		s.mu.Lock()
		s.cut++
		s.mu.Unlock()
		return
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Error(err)
		return
	}
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		t.Errorf("%s %s %v", res.Status, text, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered++
	s.slowest = max(s.slowest, time.Since(start))
	var answer map[string]struct{ DownlinkData string }
	if res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, &answer); err != nil || len(answer[device].DownlinkData) != 16 {
			t.Errorf("%s %v", text, err)
		}
		s.got[answer[device].DownlinkData]++
	}
}

// A thousand callbacks, a third of which listen, while one call in twenty to the hub hangs, others are cut, and one
// connection in six is cut by the other side: no message is completed that Sigfox did not get, and none is lost.
func TestDownlinkDrill(t *testing.T) {
	t.Parallel()
	const devices, perDevice, callbacks = 40, 4, 1000
	azure := newAzure(t, emulator.Config{AssignAtOnce: true, Seed: 1})
	for d := range devices {
		id := fmt.Sprintf("AA%04X", d)
		azure.Provision(id, "")
		for n := range perDevice {
			body := fmt.Appendf(nil, "%04d%04d", d, n)
			m := emulator.Message{MessageID: hex.EncodeToString(body), Body: body}
			m.Expiry = azure.Now().Add(47 * time.Hour)
			if err := azure.SendToDevice(id, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range []emulator.Fault{
		{Endpoint: emulator.EndpointHub, Share: 0.05, Hang: true},
		{Endpoint: emulator.OpReceive, Share: 0.03, Cut: emulator.CutAfter},
		{Endpoint: emulator.OpComplete, Share: 0.1, Cut: emulator.CutAfter},
		{Endpoint: emulator.OpComplete, Share: 0.05, Status: 503},
	} {
		if _, err := azure.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	addr := serve(t, function.ServeOptions{Addr: "127.0.0.1:0"}, instance(t, azure))
	back := &sigfox{addr: addr, got: map[string]int{}}
	run := func(from, to int, cuts bool) {
		random := rand.New(rand.NewPCG(1, uint64(from)))
		places := make(chan struct{}, 48)
		var wg sync.WaitGroup
		for n := from; n < to; n++ {
			ack, how := random.IntN(3) == 0, 0
			if cuts && random.IntN(6) == 0 {
				how = 1 + random.IntN(3)
			}
			places <- struct{}{}
			wg.Go(func() {
				defer func() { <-places }()
				back.callback(t, fmt.Sprintf("AA%04X", n%devices), n, ack, how)
			})
		}
		wg.Wait()
	}
	run(0, callbacks, true)
	completed := settled(t, azure)
	for id := range completed {
		if back.got[id] == 0 {
			t.Errorf("%s is completed, and Sigfox did not get it", id)
		}
	}
	t.Logf("%d answered, %d cut, the slowest after %v; %d of %d completed, %d got",
		back.answered, back.cut, back.slowest, len(completed), devices*perDevice, len(back.got))
	if back.slowest > 10*time.Second {
		t.Errorf("an answer took %v: Sigfox waits for 10 s", back.slowest)
	}
	azure.ClearFaults()
	for round := 0; len(completed) < devices*perDevice && round < 40; round++ {
		azure.StepClock(61 * time.Second) // locks whose answers were lost
		run(callbacks+round*3*devices, callbacks+(round+1)*3*devices, false)
		before := len(completed)
		if completed = settled(t, azure); len(completed) == before {
			time.Sleep(time.Second) // a call that hangs keeps its device's turn for as long as it may
		}
	}
	for id := range completed {
		if back.got[id] == 0 {
			t.Errorf("%s is completed, and Sigfox did not get it", id)
		}
	}
	repeated := 0
	for _, n := range back.got {
		repeated += n - 1
	}
	t.Logf("%d completed, %d repetitions", len(completed), repeated)
	if len(completed) != devices*perDevice || len(back.got) != devices*perDevice {
		t.Errorf("%d completed and %d got, want %d", len(completed), len(back.got), devices*perDevice)
	}
}

// settled waits until no message is locked, and gives those that are completed. None may have ended otherwise.
func settled(t *testing.T, azure *emulator.Emulator) map[string]bool {
	t.Helper()
	calls := -1
	for range 300 {
		time.Sleep(100 * time.Millisecond)
		n := len(azure.Calls())
		if n == calls {
			break
		}
		calls = n
	}
	out := map[string]bool{}
	for _, f := range azure.Feedback() {
		if f.Outcome != emulator.Success {
			t.Errorf("%s: %s", f.MessageID, f.Outcome)
		}
		out[f.MessageID] = true
	}
	return out
}
