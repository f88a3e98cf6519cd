package main

import (
	"flag"
	"fmt"
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

const startTimeout = 10 * time.Second

func main() {
	starts := flag.Int("n", 40, "starts of each program, alternating")
	flag.Parse()
	if err := run(*starts); err != nil {
		log.Fatal(err)
	}
}

func run(starts int) error {
	dir, err := os.MkdirTemp("", "mayfly-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs := []string{"emptylambda", "bootstrap"}
	for i, path := range []string{"./bench/emptylambda", "./cmd/bootstrap"} {
		if err := process.Build(filepath.Join(dir, programs[i]), path); err != nil {
			return err
		}
	}
	next := make(chan time.Time, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	go func() { _ = http.Serve(listener, runtimeAPI(next)) }()
	times := map[string][]time.Duration{}
	for range starts {
		for _, program := range programs {
			d, err := start(filepath.Join(dir, program), listener.Addr().String(), next)
			if err != nil {
				return fmt.Errorf("%s: %w", program, err)
			}
			times[program] = append(times[program], d)
		}
	}
	fmt.Printf("exec to first GET .../next, %d starts each\n", starts)
	for _, program := range programs {
		slices.Sort(times[program])
		fmt.Printf("%-12s median %5.2f ms, p90 %5.2f ms\n", program, ms(times[program], 50), ms(times[program], 90))
	}
	fmt.Printf("ratio of medians    %5.2f\n", ms(times["bootstrap"], 50)/ms(times["emptylambda"], 50))
	return nil
}

// runtimeAPI reports when a function asks for its first event, and never sends one.
func runtimeAPI(next chan<- time.Time) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case next <- time.Now():
		default:
		}
		<-r.Context().Done()
	})
}

func ms(sorted []time.Duration, percent int) float64 {
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}

func start(exe, api string, next <-chan time.Time) (time.Duration, error) {
	cmd := exec.Command(exe)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + api, "ID_SCOPE=0ne00000001", "GROUP_KEY=bWF5Zmx5LWVtdWxhdG9y",
		"AUTH=none", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128"} // Lambda always tells the memory
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	select {
	case at := <-next:
		return at.Sub(begin), nil
	case <-time.After(startTimeout):
		return 0, fmt.Errorf("no GET .../next within %v", startTimeout)
	}
}
