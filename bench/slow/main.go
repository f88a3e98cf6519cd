package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/bench/process"
)

const connectTime = 3 * time.Second // that all slow senders get to connect

func main() {
	senders := flag.Int("n", 2000, "slow senders")
	duration := flag.Duration("for", 60*time.Second, "how long they stay")
	body := flag.Int("body", 1<<20, "Content-Length of each")
	flag.Parse()
	if err := run(*senders, *duration, *body); err != nil {
		log.Fatal(err)
	}
}

func run(senders int, duration time.Duration, body int) error {
	p, err := process.Start("", "AUTH=none", "DEDUP_WINDOW=0")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	if _, err := measure(p.URL, 2*time.Second); err != nil { // warm up
		return err
	}
	alone, err := measure(p.URL, duration/4)
	if err != nil {
		return err
	}
	before, _ := p.Memory()
	stop := make(chan struct{})
	var connected atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() { _ = trickle(p.Addr, body, stop, func() { connected.Add(1) }) })
	}
	time.Sleep(connectTime)
	beside, err := measure(p.URL, duration)
	with, peak := p.Memory()
	close(stop)
	wg.Wait()
	if err != nil {
		return err
	}
	fmt.Printf("%d slow senders for %v\n", connected.Load(), duration)
	for _, percent := range []int{50, 99} {
		a, b := at(alone, percent), at(beside, percent)
		fmt.Printf("p%d %8v alone, %8v beside them, ratio %.2f\n", percent, a, b, float64(b)/float64(a))
	}
	fmt.Printf("memory %d MiB before, %d MiB with them, peak %d MiB\n", before, with, peak)
	return p.Stop()
}

// trickle sends the header of a request and then one byte of its body per second.
func trickle(addr string, body int, stop <-chan struct{}, connected func()) error {
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /api/telemetry HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n", body)
	if err != nil {
		return err
	}
	connected()
	time.Sleep(rand.N(time.Second)) // senders are not synchronized
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
			if _, err := conn.Write([]byte{' '}); err != nil {
				return err
			}
		}
	}
}

// measure sends one message after another and returns how long each took, sorted.
func measure(url string, duration time.Duration) ([]time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	var took []time.Duration
	for end := time.Now().Add(duration); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		start := time.Now()
		res, err := client.Post(url+"/api/telemetry", "application/json",
			strings.NewReader(`{"device":{"deviceId":"device-1"},"measurements":{"n":1}}`))
		if err != nil {
			return nil, err
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("HTTP %d: %s", res.StatusCode, text)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took, nil
}

func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)].Round(10 * time.Microsecond)
}
