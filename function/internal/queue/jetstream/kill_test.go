package jetstream_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
	"mayfly/internal/hosttest"
)

var (
	kills = flag.Int("kills", 12, "processes that TestKill kills")
	seed  = flag.Uint64("seed", 17, "of the points at which TestKill kills")
)

// TestMain lets the test's own program be the processes that TestKill kills.
func TestMain(m *testing.M) {
	switch os.Getenv("DRILL_ROLE") {
	case "server":
		beServer()
	case "acceptor":
		beAcceptor()
	case "worker":
		beWorker()
	default:
		flag.Parse()
		os.Exit(m.Run())
	}
}

const drillKeys = 20

// beServer is a server that syncs, until it is killed. It prints its address.
func beServer() {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: os.Getenv("DRILL_DIR"),
		SyncAlways: true, NoLog: true, NoSigs: true,
	})
	if err != nil {
		panic(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		panic("the server does not start")
	}
	fmt.Println(s.Addr())
	select {}
}

func drillQueue() *jetstream.Queue {
	q, err := jetstream.Open(context.Background(), os.Getenv("DRILL_URL"), jetstream.Options{AllowUnsynced: true})
	if err != nil {
		panic(err)
	}
	return q
}

// beAcceptor puts items until it is killed, and prints the id of each that was acknowledged.
func beAcceptor() {
	q, life := drillQueue(), os.Getenv("DRILL_LIFE")
	for n := 0; ; {
		var items []queue.Item
		for range 1 + rand.IntN(10) {
			key := fmt.Sprint("key", rand.IntN(drillKeys))
			id := fmt.Sprintf("%s/%s-%06d", key, life, n)
			items = append(items, queue.Item{Key: key, ID: id, Data: []byte(id)})
			n++
		}
		errs := q.Put(context.Background(), items)
		var lines strings.Builder
		for i := range items {
			if len(errs) == 0 || errs[i] == nil {
				lines.WriteString(items[i].ID + "\n")
			}
		}
		_, _ = os.Stdout.WriteString(lines.String())
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		if len(errs) > 0 {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// beWorker prints the id of each item that it receives, as a hub would store it, and deletes it then.
func beWorker() {
	q := drillQueue()
	for {
		items, err := q.Receive(context.Background(), 1+rand.IntN(30))
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		var lines strings.Builder
		for _, it := range items {
			lines.WriteString(it.ID + "\n")
		}
		_, _ = os.Stdout.WriteString(lines.String())
		_ = q.Delete(context.Background(), items) // else they come again
	}
}

// drill is the processes of TestKill and what they have printed.
type drill struct {
	t    *testing.T
	env  []string
	life int
	gate *hosttest.Gate // in front of the server

	mu        sync.Mutex
	acked     []string
	delivered []string
	readers   sync.WaitGroup
}

// start starts a process that plays a role.
func (d *drill) start(role string) *exec.Cmd {
	d.t.Helper()
	d.life++
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(d.env, "DRILL_ROLE="+role, fmt.Sprintf("DRILL_LIFE=%06d", d.life))...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.readers.Go(func() { d.read(role, out) })
	return cmd
}

func (d *drill) read(role string, out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // a line that is cut off was not said
		}
		d.said(role, strings.TrimSpace(line))
	}
}

func (d *drill) said(role, line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch role {
	case "server":
		d.gate.Open("tcp", line)
	case "acceptor":
		d.acked = append(d.acked, line)
	default:
		d.delivered = append(d.delivered, line)
	}
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// missing counts what was acknowledged and is not delivered.
func (d *drill) missing() (n int, example string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	there := map[string]bool{}
	for _, id := range d.delivered {
		there[id] = true
	}
	for _, id := range d.acked {
		if !there[id] {
			n, example = n+1, id
		}
	}
	return n, example
}

// TestKill kills the acceptor, the worker and the server at random points: nothing that was acknowledged is lost, what
// comes twice has one id, and the first deliveries of each key are in order. The flag -kills says how often.
func TestKill(t *testing.T) {
	t.Parallel()
	d := &drill{t: t, gate: hosttest.StartGate(t)}
	d.env = []string{
		"DRILL_DIR=" + t.TempDir(), "DRILL_URL=nats://" + d.gate.Addr() + "/DRILL?lease=1s&partitions=4",
	}
	roles := []string{"server", "acceptor", "worker", "worker"}
	processes := make([]*exec.Cmd, len(roles))
	for i, role := range roles {
		processes[i] = d.start(role)
	}
	defer func() {
		for _, p := range processes {
			kill(p)
		}
		d.readers.Wait()
	}()
	r := rand.New(rand.NewPCG(*seed, 4222))
	for range *kills {
		time.Sleep(time.Duration(50+r.IntN(400)) * time.Millisecond)
		victim := r.IntN(len(roles))
		if roles[victim] == "server" {
			d.gate.Shut()
		}
		kill(processes[victim])
		processes[victim] = d.start(roles[victim])
	}
	kill(processes[1]) // no more items
	for range 600 {
		if n, _ := d.missing(); n == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if n, example := d.missing(); n > 0 {
		t.Fatalf("%d of %d acknowledged items are lost, as %s", n, len(d.acked), example)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := inOrder(d.delivered); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, id := range d.delivered {
		seen[id] = true
	}
	t.Logf("%d kills: %d acknowledged, %d delivered, %d of them again", *kills, len(d.acked), len(seen),
		len(d.delivered)-len(seen))
}

// inOrder tells whether the first deliveries of each key are in their order.
func inOrder(ids []string) error {
	last, seen := map[string]string{}, map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		key, number, _ := strings.Cut(id, "/")
		if number < last[key] {
			return errors.New(id + " came after " + last[key])
		}
		last[key] = number
	}
	return nil
}
