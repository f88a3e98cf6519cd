package queuetest

import (
	"cmp"
	"testing"
	"time"

	"mayfly/function/internal/queue"
)

// Options say how the tests go about with a queue.
type Options struct {
	// Sleep lets time pass for a queue: time.Sleep where it is nil, else something that advances the queue's clock.
	Sleep func(q queue.Queue, d time.Duration)

	// Within is how long a call may take that has something to give. Default 10 s.
	Within time.Duration

	// Quiet is how long the tests wait to see that nothing comes. Default 300 ms.
	Quiet time.Duration

	// Tick is the shortest time after which the queue gives back what was returned for later. Default 1 s.
	Tick time.Duration

	// Reopen opens a queue again that was closed. Tests of what outlives a process need it.
	Reopen func(t *testing.T, closed queue.Queue) queue.Queue

	// Tight opens a queue that is full after some items of 1,000 bytes, at most 100. Tests of a full queue need it.
	Tight func(t *testing.T) queue.Queue
}

// Run tests a kind of queue. Open opens an empty queue that no other test uses, and closes it in t.Cleanup; a second
// Close does no harm. Limits().Lease has to be short where time really passes: some tests wait for its end.
func Run(t *testing.T, open func(t *testing.T) queue.Queue, o Options) {
	if o.Sleep == nil {
		o.Sleep = func(_ queue.Queue, d time.Duration) { time.Sleep(d) }
	}
	o.Within = cmp.Or(o.Within, 10*time.Second)
	o.Quiet = cmp.Or(o.Quiet, 300*time.Millisecond)
	o.Tick = cmp.Or(o.Tick, time.Second)

	for _, test := range tests(o) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from := open
			if test.open != nil {
				from = test.open
			}
			test.run(&tester{T: t, Queue: from(t), o: o})
		})
	}
}

type test struct {
	name string
	run  func(*tester)
	open func(*testing.T) queue.Queue // instead of Run's
}

// tests are the tests that can be made with the options.
func tests(o Options) []test {
	list := []test{
		{name: "items arrive as they were put", run: arrives},
		{name: "bytes of every kind arrive", run: bytesOfEveryKind},
		{name: "keys of every kind arrive", run: keysOfEveryKind},
		{name: "many items are put in one call", run: manyInOneCall},
		{name: "nothing is put", run: nothingPut},
		{name: "items with one id", run: oneID},
		{name: "an item that is too large costs itself alone", run: tooLarge},
		{name: "receive waits for an item", run: receiveWaits},
		{name: "receive ends with its context", run: receiveEnds},
		{name: "receive gives no more than asked", run: receiveBounded},
		{name: "keys keep their order", run: keepsOrder},
		{name: "a key waits for its leased item", run: waitsForLeased},
		{name: "a key waits for its returned item", run: waitsForReturned},
		{name: "a batch of one key is settled in parts", run: settledInParts},
		{name: "an item that is returned comes again", run: returnedAtOnce},
		{name: "a lease that ends gives back", run: leaseEnds},
		{name: "a lease is extended", run: leaseExtended},
		{name: "a lease that was lost does no harm", run: leaseLost},
		{name: "receivers never share an item", run: receiversShareNothing},
		{name: "items put at the same time arrive once", run: putsAtTheSameTime},
		{name: "depth follows", run: depthFollows},
		{name: "dead letters are kept with their reason", run: buried},
		{name: "a dead letter does not hold up its key", run: buriedLetsPass},
		{name: "a dead letter is replayed", run: replayed},
		{name: "a dead letter is dropped", run: dropped},
		{name: "a dead letter that does not exist", run: noDeadLetter},
		{name: "close ends what waits", run: closeEnds},
		{name: "a closed queue takes nothing", run: closedTakesNothing},
	}
	if o.Reopen != nil {
		list = append(list, test{name: "items outlive the process", run: outlives},
			test{name: "dead letters outlive the process", run: deadOutlive},
			test{name: "order outlives the process", run: orderOutlives})
	}
	if o.Tight != nil {
		list = append(list, test{name: "a full queue refuses and goes on", run: fullRefuses, open: o.Tight})
	}
	return list
}
