package emulator

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Emulator is one DPS instance with its hubs. All its methods may be called by many goroutines at once.
type Emulator struct {
	cfg    Config
	record *record
	ids    atomic.Uint64 // makes guids
	turn   atomic.Uint64 // EnvelopeAlternate
	clock  atomic.Int64  // how far the clock was moved, in nanoseconds
	tls    authority
	net    network

	mu          sync.Mutex
	group       [2][]byte
	devices     map[string]*device     // by registration id in lower case
	aliases     map[string]string      // id in the hub -> key of devices, where they differ
	enrollments map[string]*Enrollment // by registration id in lower case
	caGroups    []*caGroup
	hubs        map[string]*hub
	linked      []string // hubs that take new devices, in order
	puts, gets  *bucket
	faults      faults
	blobs       store
	feedback    ring[Feedback]
	waits       map[*pauseHandle]struct{}
	closed      bool
}

// New makes an emulator without sockets and without goroutines. It needs no Close unless it listens.
func New(cfg Config) (*Emulator, error) {
	cfg, err := cfg.defaulted()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		cfg:         cfg,
		record:      newRecord(cfg.EventLimit, cfg.CallLimit),
		devices:     map[string]*device{},
		aliases:     map[string]string{},
		enrollments: map[string]*Enrollment{},
		hubs:        map[string]*hub{},
		puts:        perMinute(cfg.RegistrationsPerMinute),
		gets:        perMinute(cfg.OperationsPerMinute),
		waits:       map[*pauseHandle]struct{}{},
		blobs:       store{limit: cfg.BlobLimit},
		feedback:    ring[Feedback]{limit: feedbackLimit},
	}
	e.tls.dir = cfg.CADir
	for i, k := range []string{cfg.GroupKey, cfg.GroupKeySecondary} {
		e.group[i], _ = base64.StdEncoding.DecodeString(k) // checked by defaulted
	}
	for _, h := range cfg.Hubs {
		e.link(h, true)
	}
	for _, en := range cfg.Enrollments {
		if err := e.Enroll(en); err != nil {
			return nil, err
		}
	}
	for _, f := range cfg.Faults {
		if _, err := e.AddFault(f); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return e, nil
}

// Start makes an emulator that listens on free ports and is closed when the test ends. Inside a synctest bubble, where
// sockets have no place, use New and RoundTripper.
func Start(tb TB, cfg Config) *Emulator {
	tb.Helper()
	e, err := New(cfg)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	if err := e.Listen(context.Background()); err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() { _ = e.Close() })
	return e
}

// IDScope returns the ID scope.
func (e *Emulator) IDScope() string { return e.cfg.IDScope }

// GroupKey returns the enrollment group's primary key in base64.
func (e *Emulator) GroupKey() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return base64.StdEncoding.EncodeToString(e.group[0])
}

// Hubs returns the hubs that take new devices.
func (e *Emulator) Hubs() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.linked...)
}

// Now is the emulator's time.
func (e *Emulator) Now() time.Time { return e.cfg.Now().Add(time.Duration(e.clock.Load())) }

// StepClock moves the emulator's clock. What waits for real (latency, hanging) does not notice; what is reckoned by the
// clock does: tokens, locks, throttles, quotas, AssigningTime.
func (e *Emulator) StepClock(d time.Duration) { e.clock.Add(int64(d)) }

// SetClock lets the clock show t now and go on from there.
func (e *Emulator) SetClock(t time.Time) { e.clock.Store(int64(t.Sub(e.cfg.Now()))) }

// ResetClock gives the emulator the true time again.
func (e *Emulator) ResetClock() { e.clock.Store(0) }

// guid is the next of a row that the seed fixes.
func (e *Emulator) guid() string {
	n := e.ids.Add(1)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], mix(e.cfg.Seed^mix(n)))
	binary.BigEndian.PutUint64(b[8:], mix(e.cfg.Seed^mix(n)^0x6d6179666c79))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// operationID has the shape of azure-docs iot-dps-https-sym-key-support.md: a digit, 16 of hex, a guid.
func (e *Emulator) operationID() string {
	return fmt.Sprintf("5.%016x.%s", hashOf(e.cfg.IDScope), e.guid())
}

// mix is the finaliser of SplitMix64: every bit of x moves every bit of the result.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// pauseHandle lets Close end a pause.
type pauseHandle struct{ cancel context.CancelFunc }

// pause waits for d, or for ever when d is below 0; it ends early, with an error, when ctx does or the emulator is
// closed. Timer and channel belong to the one that waits, so that a pause is a durable block in a synctest bubble.
func (e *Emulator) pause(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := &pauseHandle{cancel}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return context.Canceled
	}
	e.waits[h] = struct{}{}
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waits, h)
	}()
	if d < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// validHost tells whether the emulator answers for a host name, as a name server would know it.
func (e *Emulator) validHost(host string) bool {
	switch e.kindOf(host) {
	case hostDPS, hostBlob, hostLoopback:
		return true
	case hostHub:
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.hubs[strings.ToLower(host)] != nil
	case hostOther:
	}
	return false
}
