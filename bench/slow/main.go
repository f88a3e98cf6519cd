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
	"time"

	"mayfly/bench/process"
)

func main() {
	senders := flag.Int("n", 2000, "slow senders")
	during := flag.Duration("for", 60*time.Second, "how long they are there")
	body := flag.Int("body", 1<<20, "what each says that its body has")
	flag.Parse()
	if err := run(*senders, *during, *body); err != nil {
		log.Fatal(err)
	}
}

func run(senders int, during time.Duration, body int) error {
	p, err := process.Start("", "AUTH=none", "DEDUP_WINDOW=0")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	if _, err := measure(p.URL, 2*time.Second); err != nil { // warm
		return err
	}
	alone, err := measure(p.URL, during/4)
	if err != nil {
		return err
	}
	before, _ := p.Memory()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	connected := 0
	for range senders {
		wg.Go(func() {
			if trickle(p.Addr, body, stop, func() { mu.Lock(); connected++; mu.Unlock() }) != nil {
				return
			}
		})
	}
	time.Sleep(3 * time.Second) // for all of them to be there
	beside, err := measure(p.URL, during)
	mu.Lock()
	n := connected
	mu.Unlock()
	after, most := p.Memory()
	close(stop)
	wg.Wait()
	if err != nil {
		return err
	}
	fmt.Printf("%d slow senders for %v\n", n, during)
	fmt.Printf("p50 %8v alone, %8v beside them\np99 %8v alone, %8v beside them, ratio %.2f\n", at(alone, 50),
		at(beside, 50), at(alone, 99), at(beside, 99), float64(at(beside, 99))/float64(at(alone, 99)))
	fmt.Printf("memory %d MiB before, %d MiB with them, %d MiB at the most\n", before, after, most)
	return p.Stop()
}

// trickle sends the head of a request and then a byte of its body a second.
func trickle(addr string, body int, stop <-chan struct{}, there func()) error {
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn,
		"POST /api/telemetry HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		body); err != nil {
		return err
	}
	there()
	time.Sleep(rand.N(time.Second)) // senders are not in step
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

// measure sends one message after another and gives how long each took, sorted.
func measure(url string, during time.Duration) ([]time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	var took []time.Duration
	for end := time.Now().Add(during); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
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
