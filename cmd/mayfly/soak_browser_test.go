//go:build browser

package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// An hour of 200 requests per second is -soak 720000.
var soak = flag.Int("soak", 6_000, "requests that TestConsoleKeepsItsMemory sends, half of them before it measures")

// TestConsoleKeepsItsMemory: a page that stays open needs no more memory, however many requests come.
func TestConsoleKeepsItsMemory(t *testing.T) {
	s := newStage(t)
	s.send("load-0", `{"n":-1}`)
	s.sees("#request-list .item", "load-0")
	sent := 1
	s.flood(&sent, *soak/2)
	before := s.heap()
	s.flood(&sent, *soak/2)
	after := s.heap()
	t.Logf("%d requests: %.1f MB after half of them, %.1f MB in the end", sent, before, after)
	if after > before+5 {
		t.Errorf("the page has grown from %.1f MB to %.1f MB", before, after)
	}
}

// flood sends n requests as fast as they are answered, and waits until the page has counted all.
func (s *stage) flood(sent *int, n int) {
	s.t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	var next, failed atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for next.Add(1) <= int64(n) {
				res, err := client.Post(s.bridge+"/api/devices/load-0/telemetry", "application/json",
					strings.NewReader(`{"n":1,"text":"`+strings.Repeat("x", 200)+`"}`))
				if err != nil {
					failed.Add(1)
					continue
				}
				_ = res.Body.Close()
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 {
		s.t.Fatalf("%d requests failed", failed.Load())
	}
	*sent += n
	s.until(fmt.Sprintf(`parseInt(document.querySelector("#request-count").textContent.replaceAll(",", "")) === %d`,
		*sent))
}

// heap is what the page's objects take in MB.
func (s *stage) heap() (mb float64) {
	s.t.Helper()
	s.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, heapprofiler.CollectGarbage, cdp.Empty{})
		if err != nil {
			return err
		}
		usage, err := cdp.Call(ctx, target, runtime.GetHeapUsage, cdp.Empty{})
		mb = usage.UsedSize / 1e6
		return err
	}))
	return mb
}
