package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const devices = 50

// load sends to one bridge.
type load struct {
	addr string
	size int
	sent atomic.Int64
}

// provision makes devices known, which takes a second for each otherwise.
func (l *load) provision(console string) error {
	for i := range devices {
		res, err := http.Post(fmt.Sprintf("%s/devices/load-%d/provision", console, i), "application/json", nil)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
	}
	for i := range devices { // the bridge looks each of them up once
		if err := l.one(i); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) one(i int) error {
	url := fmt.Sprintf("http://%s/api/devices/load-%d/telemetry", l.addr, i)
	res, err := http.Post(url, "application/json", strings.NewReader(`{"n":-1}`))
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the bridge answers %s", res.Status)
	}
	return nil
}

// send sends on so many connections, as fast as is answered, and returns how many requests were delivered.
func (l *load) send(connections int, during time.Duration) (n int, took time.Duration) {
	begun := time.Now()
	end := begun.Add(during)
	var delivered atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			conn, err := net.Dial("tcp", l.addr)
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			r := bufio.NewReader(conn)
			for time.Now().Before(end) {
				if !l.exchange(conn, r) {
					return
				}
				delivered.Add(1)
			}
		})
	}
	all.Wait()
	return int(delivered.Load()), time.Since(begun)
}

// exchange sends one request, and reports whether it was delivered.
func (l *load) exchange(conn net.Conn, r *bufio.Reader) bool {
	n := l.sent.Add(1)
	body := fmt.Sprintf(`{"n":%d,"temperature":21.50,"text":%q}`, n, strings.Repeat("x", max(0, l.size-45)))
	_, err := fmt.Fprintf(conn, "POST /api/devices/load-%d/telemetry HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n%devices, l.addr, len(body), body)
	if err != nil {
		return false
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}
