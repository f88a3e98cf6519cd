package file_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
)

// BenchmarkPut stores messages of 300 bytes from as many senders at a time, each of which waits for its answer, while
// a worker takes them out again.
func BenchmarkPut(b *testing.B) {
	for _, senders := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(senders), func(b *testing.B) {
			q, err := file.Open(b.TempDir(), file.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = q.Close() }()
			var worker sync.WaitGroup
			worker.Go(func() {
				for {
					got, err := q.Receive(b.Context(), 100)
					if err != nil || q.Delete(b.Context(), got) != nil {
						return
					}
				}
			})
			data := bytes.Repeat([]byte("x"), 300)
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var sending sync.WaitGroup
			b.ResetTimer()
			for s := range senders {
				sending.Go(func() {
					for n := next.Add(1) - 1; n < int64(b.N); n = next.Add(1) - 1 {
						start := time.Now()
						it := queue.Item{Key: fmt.Sprint("device-", s), ID: "0123456789abcdef", Data: data}
						if errs := q.Put(b.Context(), []queue.Item{it}); errs != nil {
							b.Error(errs)
						}
						took[n] = time.Since(start)
					}
				})
			}
			sending.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			_ = q.Close()
			worker.Wait()
		})
	}
}
