package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"mayfly/bench/process"
)

// options are the flags.
type options struct {
	seconds, rounds, size, senders int
	chromium                       bool
}

func main() {
	var o options
	flag.IntVar(&o.seconds, "seconds", 5, "seconds of a round; one with recording lasts until 10,000 requests are kept")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each, alternating")
	flag.IntVar(&o.size, "bytes", 1000, "bytes of a body, about")
	flag.IntVar(&o.senders, "senders", 16, "connections that send")
	flag.BoolVar(&o.chromium, "chromium", false, "open the page in headless Chromium")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

// result is what one round has shown.
type result struct {
	perSecond float64
	cpu       time.Duration // of the process, per request
	kept      string
	rss, peak int // MiB
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "mayfly-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	exe := filepath.Join(dir, "mayfly")
	if err := process.Build(exe, "./cmd/mayfly"); err != nil {
		return err
	}
	var with, without []result
	for range o.rounds {
		for _, record := range []bool{false, true} {
			r, err := o.round(exe, dir, record)
			if err != nil {
				return err
			}
			if record {
				with = append(with, r)
			} else {
				without = append(without, r)
			}
		}
	}
	report("--no-record", without)
	report("recording", with)
	a, b := median(without), median(with)
	fmt.Printf("recording costs %.1f %% of the requests per second, %.1f %% of CPU per request\n",
		100*(1-b.perSecond/a.perSecond), 100*(float64(b.cpu)/float64(a.cpu)-1))
	return nil
}

func median(list []result) result {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b result) int { return cmp.Compare(a.perSecond, b.perSecond) })
	m := list[len(list)/2]
	slices.SortFunc(list, func(a, b result) int { return cmp.Compare(a.cpu, b.cpu) })
	m.cpu = list[len(list)/2].cpu
	return m
}

func report(name string, list []result) {
	for _, r := range list {
		fmt.Printf("%-12s %7.0f requests/s %8s CPU each, %3d MiB resident, %3d MiB at most%s\n", name, r.perSecond,
			r.cpu.Round(100*time.Nanosecond), r.rss, r.peak, r.kept)
	}
}

// round starts mayfly dev, opens its page and sends as fast as it answers.
func (o *options) round(exe, dir string, record bool) (result, error) {
	ports := freePorts(3)
	args := []string{"dev", "--port", ports[0], "--emulator-port", ports[1], "--console-port", ports[2]}
	if !record {
		args = append(args, "--no-record")
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	bridge, console := "127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[2]
	if err := await("http://" + bridge + "/healthz"); err != nil {
		return result{}, err
	}
	load := &load{addr: bridge, size: o.size}
	if err := load.provision(console); err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := o.openPage(ctx, console, dir, record); err != nil {
		return result{}, err
	}
	load.send(o.senders, time.Second) // warm-up
	before, err := process.CPU(cmd.Process.Pid)
	if err != nil {
		return result{}, err
	}
	n, took := load.send(o.senders, time.Duration(o.seconds)*time.Second)
	after, err := process.CPU(cmd.Process.Pid)
	if err != nil {
		return result{}, err
	}
	r := result{perSecond: float64(n) / took.Seconds(), cpu: (after - before) / time.Duration(max(n, 1))}
	for begun := time.Now(); record && time.Since(begun) < time.Minute; {
		if r.kept = kept(console); r.kept == ", 10000 kept" {
			break
		}
		load.send(o.senders, time.Second)
	}
	r.rss, r.peak, err = process.Memory(cmd.Process.Pid)
	return r, err
}

// openPage asks as the page does, or opens it in Chromium.
func (o *options) openPage(ctx context.Context, console, dir string, record bool) error {
	if o.chromium {
		profile, err := os.MkdirTemp(dir, "chromium")
		if err != nil {
			return err
		}
		page := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu",
			"--remote-debugging-port=0", "--user-data-dir="+profile, console+"/")
		if err := page.Start(); err != nil {
			return err
		}
		go func() { _ = page.Wait() }()
		time.Sleep(3 * time.Second) // until it is there
		return nil
	}
	if record {
		go watch(ctx, console)
	}
	return nil
}

// watch asks for what is new as requests.js does.
func watch(ctx context.Context, console string) {
	after := "0"
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, console+"/requests?wait=25s&after="+after, nil)
		if err != nil {
			return
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			after = res.Header.Get("Mayfly-Newest")
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// kept tells how many requests are kept.
func kept(console string) string {
	res, err := http.Get(console + "/requests?count=1")
	if err != nil {
		return ""
	}
	_ = res.Body.Close()
	var oldest, newest int
	_, _ = fmt.Sscan(res.Header.Get("Mayfly-Oldest"), &oldest)
	_, _ = fmt.Sscan(res.Header.Get("Mayfly-Newest"), &newest)
	return fmt.Sprintf(", %d kept", newest-oldest+1)
}

func await(url string) error {
	for range 200 {
		if res, err := http.Get(url); err == nil {
			_ = res.Body.Close()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New(url + " does not answer")
}

func freePorts(n int) []string {
	var list []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		list = append(list, port)
	}
	return list
}
