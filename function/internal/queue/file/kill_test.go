package file_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/file"
)

// childDir is the variable that makes the test binary a process with a queue.
const childDir = "MAYFLY_TEST_QUEUE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir, os.Getenv("MAYFLY_TEST_QUEUE_RUN")); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// child accepts and delivers until it is killed. It says what was acknowledged after that, and what is delivered
// before it is deleted.
func child(dir, run string) error {
	q, err := file.Open(dir, file.Options{SegmentBytes: 20_000})
	if err != nil {
		return err
	}
	for _, r := range q.Repairs() {
		fmt.Println("repaired", r)
	}
	say := func(words ...any) { _, _ = os.Stdout.WriteString(fmt.Sprintln(words...)) }
	ctx := context.Background()
	for sender := range 6 {
		go func() {
			for n := 0; ; n++ {
				key := fmt.Sprint("key", sender)
				id := fmt.Sprintf("%s/%s/%d", key, run, n)
				it := queue.Item{Key: key, ID: id, Data: bytes.Repeat([]byte(id), 1+n%5)}
				for _, err := range q.Put(ctx, []queue.Item{it}) {
					if err != nil {
						say("failed", err)
					}
				}
				say("accepted", id)
			}
		}()
	}
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 17))
	for {
		got, err := q.Receive(ctx, 1+r.IntN(8))
		if err != nil {
			return err
		}
		if r.IntN(10) == 0 {
			if err := q.Return(ctx, got, time.Millisecond); err != nil {
				return err
			}
			continue
		}
		for _, it := range got {
			say("delivered", it.ID, len(it.Data))
		}
		if err := q.Delete(ctx, got); err != nil {
			return err
		}
	}
}

// history is what the processes have said.
type history struct {
	t         *testing.T
	accepted  map[string]bool
	delivered map[string]int
	last      map[string]string // what was delivered last of a key, for the first time
	repeats   int
}

func (h *history) add(line string) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return // the process ended while it wrote
	}
	switch id := words[1]; words[0] {
	case "accepted":
		h.accepted[id] = true
	case "delivered":
		if h.delivered[id]++; h.delivered[id] > 1 {
			h.repeats++
			return
		}
		key, _, _ := strings.Cut(id, "/")
		if last := h.last[key]; last != "" && !before(last, id) {
			h.t.Errorf("%s was delivered after %s", id, last)
		}
		h.last[key] = id
	case "repaired":
	default:
		h.t.Fatal(line)
	}
}

func before(a, b string) bool {
	var runA, runB, a1, b1 int
	_, _ = fmt.Sscanf(a[strings.Index(a, "/")+1:], "%d/%d", &runA, &a1)
	_, _ = fmt.Sscanf(b[strings.Index(b, "/")+1:], "%d/%d", &runB, &b1)
	return runA < runB || runA == runB && a1 < b1
}

// TestKill: the process that accepts and delivers is killed at random points, 200 times. Nothing that was acknowledged
// is lost, and keys keep their order.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := 200
	if testing.Short() {
		kills = 20
	}
	dir := t.TempDir()
	h := &history{t: t, accepted: map[string]bool{}, delivered: map[string]int{}, last: map[string]string{}}
	r := rand.New(rand.NewPCG(17, 17))
	for run := range kills {
		h.run(dir, run, time.Duration(r.IntN(25_000))*time.Microsecond)
	}
	q := open(t, dir, file.Options{})
	left := drain(t, q)
	for _, it := range left {
		h.add("delivered " + it.ID)
		n := 0
		if _, err := fmt.Sscanf(it.ID[strings.LastIndexByte(it.ID, '/')+1:], "%d", &n); err != nil ||
			string(it.Data) != strings.Repeat(it.ID, 1+n%5) {
			t.Errorf("%s has other data", it.ID)
		}
	}
	lost := 0
	for id := range h.accepted {
		if h.delivered[id] == 0 {
			lost++
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	t.Logf("%d kills: %d acknowledged, %d lost, %d delivered more than once with the same id, %d left at the end",
		kills, len(h.accepted), lost, h.repeats, len(left))
	if len(h.accepted) < kills {
		t.Errorf("only %d items were acknowledged", len(h.accepted))
	}
}

// run starts a process, and kills it some time after it has acknowledged something.
func (h *history) run(dir string, run int, after time.Duration) {
	h.t.Helper()
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.CommandContext(h.t.Context(), self)
	cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprint("MAYFLY_TEST_QUEUE_RUN=", run))
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	var once sync.Once
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		h.add(lines.Text())
		if strings.HasPrefix(lines.Text(), "accepted ") {
			once.Do(func() { time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) })
		}
	}
	_ = cmd.Wait() // it was killed
}
