package emulator

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync/atomic"
	"time"

	"mayfly/emulator/internal/blob"
	"mayfly/emulator/internal/dps"
	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/fault"
	"mayfly/emulator/internal/fleet"
	"mayfly/emulator/internal/hub"
	"mayfly/emulator/internal/listen"
	"mayfly/emulator/internal/mailbox"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

// Emulator is one DPS instance with its hubs. All its methods may be called by several goroutines at once.
type Emulator struct {
	cfg       Config
	ids       *wire.IDs
	clock     atomic.Int64 // how far the clock was moved, in nanoseconds
	record    *record.Record
	faults    *fault.List
	fleet     *fleet.Fleet
	blobs     *blob.Store
	feedback  *mailbox.Log
	services  map[wire.HostKind]exchange.Service
	authority *listen.Authority
	net       listen.Network
	pauses    pauses
}

// New returns an emulator without sockets and without goroutines. It does not need Close unless it listens.
func New(cfg Config) (*Emulator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		cfg:       cfg,
		ids:       wire.NewIDs(cfg.Seed),
		record:    record.New(cfg.EventLimit, cfg.CallLimit),
		faults:    fault.NewList(cfg.Seed),
		blobs:     blob.NewStore(cfg.IDScope+cfg.GroupKey, cfg.BlobLimit),
		feedback:  mailbox.NewLog(cfg.WatchMessages),
		authority: listen.NewAuthority(cfg.CADir, append([]string{cfg.BlobHost}, cfg.Names...)),
	}
	group, err := decodeKeys(cfg.GroupKey, cfg.GroupKeySecondary)
	if err != nil {
		return nil, err
	}
	e.fleet = fleet.New(cfg.fleet(), group, dps.OperationIDs(cfg.IDScope, e.ids), e.feedback)
	e.services = map[wire.HostKind]exchange.Service{
		wire.HostDPS:  dps.New(cfg.dps(), e.fleet, e.ids),
		wire.HostHub:  hub.New(cfg.hub(e.Now, e.pauses.wait), e.fleet, e.record, e.blobs, e.ids),
		wire.HostBlob: blob.NewService(e.blobs, e.ids),
	}
	for _, h := range cfg.Hubs {
		e.AddHub(h)
	}
	for _, en := range cfg.Enrollments {
		if err := e.Enroll(en); err != nil {
			return nil, err
		}
	}
	if _, err := e.faults.AddAll(cfg.Faults); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return e, nil
}

// Start returns an emulator that listens on free ports and is closed when the test ends. Inside a synctest bubble,
// which has no sockets, use New and RoundTripper.
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

// Listen opens the HTTPS port and the console's. It returns when both are open. Close closes them, and so does the end
// of ctx.
func (e *Emulator) Listen(ctx context.Context) error {
	return e.net.Open(ctx, listen.Options{
		HTTPSAddr: e.cfg.Listen, HTTPS: e.Handler(),
		ConsoleAddr: e.cfg.Console, Console: e.ConsoleHandler(),
		Authority: e.authority, ErrorLog: e.cfg.ErrorLog,
	}, e.pauses.end)
}

// Close closes the ports and their connections and ends all goroutines of the emulator. The record can still be read.
func (e *Emulator) Close() error {
	e.pauses.end()
	e.net.Close()
	return nil
}

// Addr is host:port of the HTTPS port; empty before Listen.
func (e *Emulator) Addr() string { return e.net.HTTPSAddr() }

// ConsoleAddr is host:port of the console; empty before Listen.
func (e *Emulator) ConsoleAddr() string { return e.net.ConsoleAddr() }

// CAPEM returns the certificate that clients have to trust; nil when CADir cannot be used.
func (e *Emulator) CAPEM() []byte {
	pem, _ := e.authority.PEM() // Listen returns the error
	return pem
}

// IDScope returns the ID scope.
func (e *Emulator) IDScope() string { return e.cfg.IDScope }

// GroupKey returns the enrollment group's primary key in base64.
func (e *Emulator) GroupKey() string { return base64.StdEncoding.EncodeToString(e.fleet.Group()[0]) }

// Now is the emulator's time.
func (e *Emulator) Now() time.Time { return e.cfg.Now().Add(time.Duration(e.clock.Load())) }

// StepClock moves the emulator's clock. It does not shorten what waits in real time (latency, hanging); it changes what
// is calculated from the clock: tokens, locks, throttles, quotas, AssigningTime.
func (e *Emulator) StepClock(d time.Duration) { e.clock.Add(int64(d)) }

// SetClock makes the clock show t now and run on from there.
func (e *Emulator) SetClock(t time.Time) { e.clock.Store(int64(t.Sub(e.cfg.Now()))) }

// ResetClock makes the clock show the true time again.
func (e *Emulator) ResetClock() { e.clock.Store(0) }
