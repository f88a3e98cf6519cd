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
	"strconv"
	"strings"
	"sync"
	"time"

	"mayfly/bench/process"
)

func main() {
	duration := flag.Duration("for", time.Minute, "how long the attack takes")
	atOnce := flag.Int("n", 100, "hostile requests at a time")
	memory := flag.Int("memory", 256, "MB that the process is told to have")
	flag.Parse()
	if err := run(*duration, *atOnce, *memory); err != nil {
		log.Fatal(err)
	}
}

func run(duration time.Duration, atOnce, memory int) error {
	p, err := process.Start(config, "AUTH=none", "DEDUP_WINDOW=0",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(memory))
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	r := &report{p: p, statuses: map[string]int{}}
	r.measure(5 * time.Second)
	alone := r.took
	r.took = nil
	end := time.Now().Add(duration)
	var all sync.WaitGroup
	all.Go(func() { r.sample(end) })
	list := attacks()
	for i := range atOnce {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			for n := i; time.Now().Before(end); n++ {
				r.attack(client, &list[n%len(list)])
			}
		})
	}
	r.measure(time.Until(end))
	all.Wait()
	r.print(alone)
	return p.Stop()
}

// report gathers what is seen.
type report struct {
	p *process.Process

	mu                     sync.Mutex
	statuses               map[string]int
	took                   []time.Duration
	failed                 int
	peak, worker, together int64 // MiB: of the process, of a worker, of all of them
}

func (r *report) attack(client *http.Client, h *hostile) {
	status := "no answer"
	q, err := http.NewRequest(http.MethodPost, r.p.URL+h.path, strings.NewReader(h.body))
	if err != nil {
		log.Fatal(err)
	}
	q.Header.Set("Content-Type", h.kind)
	if h.encoding != "" {
		q.Header.Set("Content-Encoding", h.encoding)
	}
	if res, err := client.Do(q); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		status = strconv.Itoa(res.StatusCode)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statuses[h.name+" "+status]++
}

// measure sends honest messages one after another.
func (r *report) measure(duration time.Duration) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(duration); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		start := time.Now()
		res, err := client.Post(r.p.URL+"/api/devices/honest/telemetry", "application/json",
			strings.NewReader(`{"n":1}`))
		if err != nil {
			r.failed++
			continue
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			r.failed++
			continue
		}
		r.took = append(r.took, time.Since(start))
	}
}

// sample watches the memory of the process and its workers.
func (r *report) sample(end time.Time) {
	for time.Now().Before(end) {
		own := resident(r.p.PID())
		sum := own
		for _, child := range children(r.p.PID()) {
			one := resident(child)
			r.worker, sum = max(r.worker, one), sum+one
		}
		r.peak, r.together = max(r.peak, own), max(r.together, sum)
		time.Sleep(20 * time.Millisecond)
	}
}

func resident(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid)) // it may have ended
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()) >> 20
}

func children(pid int) []int {
	var list []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for word := range strings.FieldsSeq(string(text)) {
			// Between fork and exec, a child shows the memory of its parent.
			command, _ := os.ReadFile("/proc/" + word + "/cmdline")
			if child, err := strconv.Atoi(word); err == nil && strings.Contains(string(command), "codec-worker") {
				list = append(list, child)
			}
		}
	}
	return list
}

func (r *report) print(alone []time.Duration) {
	names := make([]string, 0, len(r.statuses))
	for name := range r.statuses {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Printf("%6d %s\n", r.statuses[name], name)
	}
	fmt.Printf("honest: %d answered, %d not; p50 %v, p99 %v; alone %v, %v\n", len(r.took), r.failed,
		at(r.took, 50), at(r.took, 99), at(alone, 50), at(alone, 99))
	fmt.Printf("peak: %d MiB, a worker %d MiB, together %d MiB\n", r.peak, r.worker, r.together)
}

func at(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)*percent/100, len(took)-1)].Round(10 * time.Microsecond)
}
