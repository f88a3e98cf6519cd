package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/emulator"
)

type options struct {
	queue, mode, faults                           string
	instances, messages, devices, senders, poison int
	kills, throttle                               int
	down                                          time.Duration
	seed                                          uint64
}

func main() {
	if os.Getenv(envServer) != "" {
		beServer()
	}
	var o options
	flag.StringVar(&o.queue, "queue", "file", "file or nats")
	flag.StringVar(&o.mode, "mode", "fallback", "fallback or always")
	flag.StringVar(&o.faults, "faults", "cut,503,429,hang", "how the hub is down, one after the other")
	flag.IntVar(&o.instances, "instances", 1, "processes that share the queue; 1 with a file queue")
	flag.IntVar(&o.messages, "n", 20_000, "messages")
	flag.IntVar(&o.devices, "devices", 500, "devices")
	flag.IntVar(&o.senders, "senders", 32, "senders, each of devices of its own")
	flag.IntVar(&o.poison, "poison", 3, "messages that the hub refuses for good")
	flag.IntVar(&o.kills, "kills", 20, "processes that are killed")
	flag.IntVar(&o.throttle, "throttle", 200, "messages per second that the hub takes")
	flag.DurationVar(&o.down, "down", time.Minute, "how long the hub is down")
	flag.Uint64Var(&o.seed, "seed", 17, "of devices, of the order of messages and of kills")
	flag.Parse()
	if err := run(&o); err != nil {
		log.Fatal(err)
	}
}

// Shares of the messages that are sent while the hub is up, before and after it is down.
const (
	before = 0.05
	after  = 0.05
)

func run(o *options) error {
	if o.queue == "file" && o.instances != 1 {
		return errors.New("a file queue is that of one process")
	}
	s, err := newSite(o)
	if err != nil {
		return err
	}
	defer s.stop()
	fmt.Printf("queue %s, %s, %d instance(s), %d messages of %d devices by %d senders, seed %d\n"+
		"the hub is down for %v (%s) and takes %d messages/s; %d kills\n", o.queue, o.mode, o.instances, o.messages,
		o.devices, o.senders, o.seed, o.down, o.faults, o.throttle, o.kills)
	f := newFleet(o)
	span := time.Duration(float64(o.down) / (1 - before - after))
	start := time.Now()
	var all sync.WaitGroup
	all.Go(func() { f.send(s.urls(), start, span) })
	all.Go(func() { s.killSome(start, span) })
	err = s.breakHub(start.Add(time.Duration(before*float64(span))), o.down)
	all.Wait()
	if err != nil {
		return err
	}
	missing := f.wait(s.azure)
	took, late := f.lastArrival(s.azure).Sub(s.up), f.late(s.azure, s.up)
	f.print(s.azure)
	fmt.Printf("%d messages came after the hub was up again, within %v; its throttle allows that in %v\n",
		late, took.Round(100*time.Millisecond),
		(time.Duration(late) * time.Second / time.Duration(o.throttle)).Round(100*time.Millisecond))
	letters, err := s.deadLetters()
	if err != nil {
		return err
	}
	return f.judge(s.azure, missing, letters)
}

// breakHub lets the hub fail in each of the ways in turn, from a time on, and be well again after down.
func (s *site) breakHub(from time.Time, down time.Duration) error {
	time.Sleep(time.Until(from))
	ways := strings.Split(s.o.faults, ",")
	for i, way := range ways {
		text, known := map[string]string{
			"cut":  `"cut":"before"`,
			"503":  `"status":503`,
			"429":  `"status":429`,
			"hang": `"hang":true`,
			"lost": `"cut":"after"`,
		}[way]
		if !known {
			return fmt.Errorf("-faults has no %q", way)
		}
		s.azure.ClearFaults()
		fault := fmt.Sprintf(`{"id":"down","endpoint":"hub",%s}`, text)
		if _, err := s.azure.LoadFaults(strings.NewReader("[" + fault + "," + poisonFault + "]")); err != nil {
			return err
		}
		time.Sleep(time.Until(from.Add(time.Duration(i+1) * down / time.Duration(len(ways)))))
	}
	s.azure.RemoveFault("down")
	s.up = time.Now()
	return nil
}

// killSome kills processes at random points until the span is over.
func (s *site) killSome(start time.Time, span time.Duration) {
	r := rand.New(rand.NewPCG(s.o.seed, 9))
	at := make([]time.Duration, s.o.kills)
	for i := range at {
		at[i] = time.Duration(r.Int64N(int64(span)))
	}
	slices.Sort(at)
	for _, d := range at {
		time.Sleep(time.Until(start.Add(d)))
		victim := r.IntN(len(s.processes))
		if err := s.processes[victim].restart(); err != nil {
			log.Fatalf("after a kill: %v", err)
		}
	}
}

// poisonDevice is one whose messages the hub refuses.
const poisonDevice = "poisoned"

const poisonFault = `{"id":"poison","endpoint":"send","device":"` + poisonDevice + `","status":400}`

func newAzure(o *options) (*emulator.Emulator, error) {
	return emulator.New(emulator.Config{
		AssignAtOnce: true, OperationsPerMinute: -1, RegistrationsPerMinute: -1, HubSendsPerSecond: o.throttle,
		EventLimit: 2*o.messages + 1000,
	})
}
