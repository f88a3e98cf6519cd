package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/bench/process"
)

const (
	devices   = 500
	drainTime = 5 * time.Minute
)

type options struct {
	messages, rounds, senders int
	dir                       string
}

func main() {
	var o options
	flag.IntVar(&o.messages, "n", 20_000, "messages per round")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each mode, alternating")
	flag.IntVar(&o.senders, "senders", 16, "senders that wait for their answers")
	flag.StringVar(&o.dir, "dir", "", "where the queue is; a temporary folder when empty")
	flag.Parse()
	if err := run(&o); err != nil {
		log.Fatal(err)
	}
}

// mode is one of the two that are compared.
type mode struct {
	name   string
	env    []string
	status int

	perSecond []float64
	p99       []time.Duration
	drained   []time.Duration
}

func run(o *options) error {
	dir, err := os.MkdirTemp(o.dir, "mayfly-durable")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	direct := &mode{name: "direct", status: http.StatusOK}
	always := &mode{name: "always", status: http.StatusAccepted,
		env: []string{"QUEUE=file:" + filepath.Join(dir, "queue"), "DURABLE=always"}}
	for range o.rounds {
		for _, m := range []*mode{direct, always} {
			if err := m.round(o); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	fmt.Printf("median of %d rounds of %d messages of %d devices by %d senders\n", o.rounds, o.messages, devices,
		o.senders)
	for _, m := range []*mode{direct, always} {
		fmt.Printf("%-7s %7.0f messages/s, p99 of the answer %v, everything at the hub %v later\n", m.name,
			median(m.perSecond), median(m.p99).Round(10*time.Microsecond), median(m.drained).Round(10*time.Millisecond))
	}
	fmt.Printf("ratio   %7.2f\n", median(always.perSecond)/median(direct.perSecond))
	return nil
}

// round starts a process, sends all messages, and waits until they are at the hub.
func (m *mode) round(o *options) error {
	p, err := process.Start("", append([]string{"AUTH=none"}, m.env...)...)
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: o.senders}}
	if _, err := m.send(client, p.URL, "warm-up", min(o.messages/10, 2000), o.senders); err != nil {
		return err
	}
	if _, err := drain(client, p.URL); err != nil {
		return err
	}
	start := time.Now()
	times, err := m.send(client, p.URL, "m", o.messages, o.senders)
	if err != nil {
		return err
	}
	took := time.Since(start)
	drained, err := drain(client, p.URL)
	if err != nil {
		return err
	}
	slices.Sort(times)
	m.perSecond = append(m.perSecond, float64(o.messages)/took.Seconds())
	m.p99 = append(m.p99, times[len(times)*99/100])
	m.drained = append(m.drained, drained)
	return nil
}

// send sends n messages and gives the time of each answer.
func (m *mode) send(client *http.Client, url, name string, n, senders int) ([]time.Duration, error) {
	times := make([]time.Duration, n)
	var next atomic.Int64
	errs := make(chan error, senders)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				start := time.Now()
				target := fmt.Sprintf("%s/api/devices/device-%d/telemetry?messageId=%s-%d", url, i%devices, name, i)
				res, err := client.Post(target, "application/json", strings.NewReader(`{"temp":20.31,"humidity":8.5}`))
				if err != nil {
					errs <- err
					return
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != m.status {
					errs <- fmt.Errorf("%s: %s", res.Status, body)
					return
				}
				times[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
		return times, nil
	}
}

// drain waits until the queue is empty, where there is one.
func drain(client *http.Client, url string) (time.Duration, error) {
	start := time.Now()
	for time.Since(start) < drainTime {
		res, err := client.Get(url + "/metrics")
		if err != nil {
			return 0, err
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			return 0, err
		}
		if !strings.Contains(string(text), "mayfly_queue_depth_messages") ||
			delivered(string(text)) >= accepted(string(text)) {
			return time.Since(start), nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return 0, fmt.Errorf("the queue is not empty after %v", drainTime)
}

func accepted(text string) float64  { return counter(text, `outcome="accepted"`) }
func delivered(text string) float64 { return counter(text, `outcome="delivered"`) }

// counter adds up the messages of the queue with an outcome.
func counter(text, outcome string) (sum float64) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "mayfly_queue_messages_total{") && strings.Contains(line, outcome) {
			var value float64
			_, _ = fmt.Sscan(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:], &value)
			sum += value
		}
	}
	return sum
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
