package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayfly/emulator"
)

const (
	patience  = 5 * time.Second
	pause     = 200 * time.Millisecond // after a send without an answer
	drainTime = 10 * time.Minute
)

// sent is a message, and what its sender was told; status 0 is no answer.
type sent struct {
	device string
	n      int
	poison bool
	status int
	took   time.Duration
}

func (m *sent) id() string { return m.device + "-" + strconv.Itoa(m.n) }

// fleet is all devices. Each sends its messages one after the other.
type fleet struct {
	o       *options
	ordered bool     // whether the order of a device is kept
	list    [][]sent // by sender
}

func newFleet(o *options) *fleet {
	f := &fleet{o: o, ordered: o.instances == 1 || o.mode == "always", list: make([][]sent, o.senders)}
	r := rand.New(rand.NewPCG(o.seed, 1))
	next, poisoned := make([]int, o.devices), 0
	for i := range o.messages {
		device := r.IntN(o.devices)
		s := device % o.senders
		f.list[s] = append(f.list[s], sent{device: fmt.Sprint("device-", device), n: next[device]})
		next[device]++
		if i >= o.messages/3 && (i-o.messages/3)%(o.messages/3/max(o.poison, 1)) == 0 && poisoned < o.poison {
			poisoned++
			f.list[0] = append(f.list[0], sent{device: poisonDevice, n: i, poison: true})
		}
	}
	return f
}

// send sends all messages, spread over a span.
func (f *fleet) send(urls []string, start time.Time, span time.Duration) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: f.o.senders}}
	var all sync.WaitGroup
	for s, list := range f.list {
		all.Go(func() {
			r := rand.New(rand.NewPCG(f.o.seed, uint64(s)+100))
			for i := range list {
				time.Sleep(time.Until(start.Add(span * time.Duration(i) / time.Duration(len(list)))))
				m, began := &list[i], time.Now()
				res, err := client.Post(fmt.Sprintf("%s/api/devices/%s/telemetry?messageId=%s", urls[r.IntN(len(urls))],
					m.device, m.id()), "application/json", strings.NewReader(fmt.Sprintf(`{"n":%d}`, m.n)))
				m.took = time.Since(began)
				if err != nil {
					time.Sleep(pause) // or all that is late would be sent to a process that is just starting
					continue
				}
				m.status = res.StatusCode
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	all.Wait()
}

func (f *fleet) each(do func(*sent)) {
	for _, list := range f.list {
		for i := range list {
			do(&list[i])
		}
	}
}

func (m *sent) acknowledged() bool { return m.status/100 == 2 }

// missing gives the ids that were acknowledged and are not at the hub.
func (f *fleet) missing(azure *emulator.Emulator) (ids []string) {
	there := map[string]bool{}
	for _, e := range azure.Events() {
		there[e.MessageID] = true
	}
	f.each(func(m *sent) {
		if m.acknowledged() && !m.poison && !there[m.id()] {
			ids = append(ids, m.id())
		}
	})
	return ids
}

// wait waits until nothing is missing, and a moment for what comes twice.
func (f *fleet) wait(azure *emulator.Emulator) (missing []string) {
	for end := time.Now().Add(drainTime); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if missing = f.missing(azure); len(missing) == 0 {
			time.Sleep(2 * time.Second)
			return nil
		}
	}
	return missing
}

func (f *fleet) late(azure *emulator.Emulator, up time.Time) (n int) {
	for _, e := range azure.Events() {
		if e.EnqueuedTime.After(up) {
			n++
		}
	}
	return n
}

func (f *fleet) lastArrival(azure *emulator.Emulator) (t time.Time) {
	seen := map[string]bool{}
	for _, e := range azure.Events() {
		if !seen[e.MessageID] && e.EnqueuedTime.After(t) {
			t = e.EnqueuedTime
		}
		seen[e.MessageID] = true
	}
	return t
}

// print tells what the senders were told.
func (f *fleet) print(azure *emulator.Emulator) {
	statuses, slowest := map[int]int{}, time.Duration(0)
	f.each(func(m *sent) {
		statuses[m.status]++
		if m.status != 0 {
			slowest = max(slowest, m.took)
		}
	})
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		name := strconv.Itoa(status)
		if status == 0 {
			name = "no answer"
		}
		parts = append(parts, fmt.Sprintf("%s: %d", name, statuses[status]))
	}
	fmt.Printf("answers: %s; the slowest after %v; %d events at the hub\n", strings.Join(parts, ", "),
		slowest.Round(time.Millisecond), len(azure.Events()))
}

// judge tells what the drill is about.
func (f *fleet) judge(azure *emulator.Emulator, missing, letters []string) error {
	seen, last := map[string]bool{}, map[string]int{}
	again, foreign, disorder := 0, 0, 0
	for _, e := range azure.Events() {
		var body struct{ N int }
		if json.Unmarshal(e.Body, &body) != nil || e.MessageID != fmt.Sprintf("%s-%d", e.Device, body.N) {
			foreign++
			continue
		}
		if seen[e.MessageID] {
			again++
			continue
		}
		seen[e.MessageID] = true
		if before, has := last[e.Device]; has && body.N < before {
			disorder++
		}
		last[e.Device] = body.N
	}
	poisoned, buried := 0, map[string]bool{}
	for _, id := range letters {
		buried[id] = true
	}
	f.each(func(m *sent) {
		if m.poison && m.acknowledged() {
			poisoned++
			delete(buried, m.id())
		}
	})
	queued := 0
	f.each(func(m *sent) {
		if m.status == http.StatusAccepted {
			queued++
		}
	})
	left := poisoned - (len(letters) - len(buried))
	fmt.Printf("lost: %d; twice: %d; with another id: %d; not in order: %d; poisoned: %d, dead letters: %d\n",
		len(missing), again, foreign, disorder, poisoned, len(letters))
	if queued < f.o.messages/4 {
		return fmt.Errorf("failed: %d messages went through the queue, too few to tell: fewer kills, or a longer time",
			queued)
	}
	if len(missing) > 0 || foreign > 0 || f.ordered && disorder > 0 || left != 0 || len(buried) > 0 {
		return fmt.Errorf("failed: lost %.10q, dead letters %q", missing, letters)
	}
	return nil
}
