package dashboards

import (
	"slices"

	"mayfly/function/internal/metrics"
	"mayfly/function/internal/problem"
)

// runbook is the address of the runbook; whoever keeps it elsewhere replaces it in the files, or sets the parameter of
// the clouds' templates.
const runbook = "docs/runbook.md"

// The severities of alerts.
const (
	page   = "page"   // telemetry is being lost, or will be: now
	ticket = "ticket" // somebody has to look at it: today
)

// alert is a condition that somebody has to know of.
type alert struct {
	name     string
	severity string
	about    string // what is the case
	section  string // of the runbook; empty: that of the code
	part     series // of which more than above is too much
	whole    *series
	above    float64
	silence  bool // nothing at all is too little
	window   int  // minutes that are looked at
	lasting  int  // minutes for which it has to be the case
	// promOnly is for what the clouds tell by themselves, or what a function does not have.
	promOnly bool
}

// operators are the codes of failures that nobody but the operator can mend.
func operators() []problem.Code {
	return []problem.Code{
		problem.BridgeMisconfigured, problem.DPSMisconfigured, problem.HubQuota, problem.UnsupportedHost,
	}
}

// codesOf gives the retryable codes of a step, and those of its service's failures, but for what has an alert of its
// own.
func codesOf(where string) []string {
	own := append(operators(), problem.KeyUnavailable)
	var codes []string
	for _, row := range problem.Rows() {
		if row.Where == where && row.Status >= 500 && !slices.Contains(own, row.Code) {
			codes = append(codes, string(row.Code))
		}
	}
	return codes
}

func texts(codes []problem.Code) []string {
	out := make([]string, len(codes))
	for i, code := range codes {
		out[i] = string(code)
	}
	return out
}

// requests are those that were answered with one of some codes.
func requests(codes ...string) series {
	return series{metric: metrics.Requests, op: rate, where: []match{is("code", codes...)}}
}

// alerts gives all alerts.
func alerts() []alert {
	return slices.Concat(outside(), queued(), inside())
}

// outside are the alerts about what is around the bridge.
func outside() []alert {
	all := &series{metric: metrics.Requests, op: rate}
	messages := &series{metric: metrics.Messages, op: rate}
	mended := requests(texts(operators())...)
	mended.by = "code"
	return []alert{
		{
			name: "MayflyNeedsItsOperator", severity: page, part: mended, window: 10,
			about: "A key, the ID scope, the clock, DPS or the hub's quota is wrong: no retry heals that",
		},
		{
			name: "MayflyHubFails", severity: page, section: "hub-unreachable", window: 10, lasting: 5, above: 0.05,
			part: requests(codesOf("send")...), whole: all,
			about: "More than 5 % of the requests fail at an IoT hub",
		},
		{
			name: "MayflyCircuitOpen", severity: page, section: string(problem.HubDown), window: 5, lasting: 5,
			part:  series{metric: metrics.CircuitOpen, op: worst, by: "hub"},
			about: "Next to nothing has been sent to a hub for 5 minutes, because it is down or hangs",
		},
		{
			name: "MayflyDPSFails", severity: page, section: string(problem.DPSUnreachable),
			window: 10, lasting: 5, above: 0.05,
			part: requests(codesOf("assign")...), whole: all,
			about: "More than 5 % of the requests fail at DPS: new devices do not get in",
		},
		{
			name: "MayflyKeyStoreAway", severity: page, section: string(problem.KeyUnavailable),
			window: 10, lasting: 5,
			part:  requests(string(problem.KeyUnavailable)),
			about: "The store of a key, or the key set of a token issuer, has not answered for 5 minutes",
		},
		{
			name: "MayflyLookupsFail", severity: page, section: string(problem.LookupUnreachable),
			window: 10, lasting: 5,
			above: 0.05, part: requests(codesOf("enrich")...), whole: all,
			about: "More than 5 % of the requests fail because a look-up does not answer, or refuses",
		},
		{
			name: "MayflyPushesFail", severity: ticket, section: string(problem.DownlinkDown), window: 15, lasting: 15,
			above: 0.05, part: requests(codesOf("push")...), whole: all,
			about: "More than 5 % of the requests fail because the cloud of a device does not take messages for it",
		},
		{
			name: "MayflyTableBroken", severity: ticket, section: "broken-table", window: 5, lasting: 15,
			part:  series{metric: metrics.TableBroken, op: worst, by: "table"},
			about: "The newest rows of a table cannot be read; older ones are in use",
		},
		{
			name: "MayflyRefusesCallers", severity: ticket, section: string(problem.Unauthenticated),
			window: 15, lasting: 15,
			above: 0.2, part: requests(string(problem.Unauthenticated), string(problem.DeviceNotAllowed)), whole: all,
			about: "More than 20 % of the requests come without a good key, or for devices that are not the caller's",
		},
		{
			name: "MayflyRejectsMessages", severity: ticket, section: "rejected-messages",
			window: 15, lasting: 15, above: 0.05,
			part:  series{metric: metrics.Messages, op: rate, where: []match{is("outcome", "rejected")}},
			whole: messages, about: "More than 5 % of the messages can never be stored, and are lost",
		},
		{
			name: "MayflySilent", severity: page, section: "silent", window: 60, lasting: 15, silence: true,
			part:  series{metric: metrics.Messages, op: rate, where: []match{is("outcome", "delivered")}},
			about: "No message has been delivered for an hour",
		},
	}
}

// queued are the alerts about the queue of durable mode.
func queued() []alert {
	all := &series{metric: metrics.Requests, op: rate}
	return []alert{
		{
			name: "MayflyQueueFails", severity: page, section: string(problem.QueueUnavailable), window: 5, lasting: 5,
			part:  requests(codesOf("queue")...),
			whole: all, above: 0.01,
			about: "More than 1 % of the requests need the queue, and it does not store their messages",
		},
		{
			name: "MayflyQueueOld", severity: page, section: "old-queue", window: 5, lasting: 5, above: 15 * 60,
			part:  series{metric: metrics.QueueOldest, op: worst},
			about: "A message has waited in the queue for more than 15 minutes",
		},
		{
			name: "MayflyDeadLetters", severity: ticket, section: "dead-letters", window: 15,
			part:  series{metric: metrics.QueueMessages, op: rate, where: []match{is("outcome", "dead")}},
			about: "Messages were moved to the dead letters: they are not delivered until somebody replays them",
		},
	}
}

// inside are the alerts about the bridge itself.
func inside() []alert {
	all := &series{metric: metrics.Requests, op: rate}
	return []alert{
		{
			name: "MayflyTooBusy", severity: page, section: string(problem.TooBusy),
			window: 10, lasting: 5, above: 0.01,
			part: requests(string(problem.TooBusy), string(problem.OutOfTime)), whole: all,
			about: "More than 1 % of the requests find no place, or run out of time",
		},
		{
			name: "MayflyNearlyFull", severity: ticket, section: string(problem.TooBusy),
			window: 5, lasting: 10, above: 0.8,
			part:  series{metric: metrics.RequestsInFlight, op: value},
			whole: &series{metric: metrics.RequestsInFlightLimit, op: value}, promOnly: true,
			about: "More than 80 % of the places for requests have been taken for 10 minutes",
		},
		{
			name: "MayflyMemoryNearlyFull", severity: ticket, section: string(problem.TooBusy),
			window: 5, lasting: 10, above: 0.8,
			part:  series{metric: metrics.RoomBytes, op: value, by: "room"},
			whole: &series{metric: metrics.RoomLimitBytes, op: value, by: "room"}, promOnly: true,
			about: "More than 80 % of the memory for requests has been taken for 10 minutes",
		},
		{
			name: "MayflySlow", severity: page, section: "slow", window: 10, lasting: 10, above: 4,
			part:  series{metric: metrics.RequestDuration, op: p99},
			about: "1 % of the requests take longer than 4 s: senders that wait for 5 s will hang up",
		},
		{
			name: "MayflyCodecsUnavailable", severity: page, section: string(problem.CodecUnavailable),
			window: 10, lasting: 5,
			above: 0.01, part: requests(string(problem.CodecUnavailable)), whole: all,
			about: "More than 1 % of the requests cannot be decoded, because no codec worker can be had",
		},
		{
			name: "MayflyBug", severity: ticket, section: string(problem.Internal), window: 60,
			part:  requests(string(problem.Internal)),
			about: "A request met a bug; its log record has the stack",
		},
		{
			name: "MayflyLosesLogLines", severity: ticket, section: "lost-log-lines", window: 15,
			part:  series{metric: metrics.LogLinesDropped, op: rate},
			about: "Log lines are lost, because nobody reads them in time",
		},
		{
			name: "MayflyExportsFail", severity: ticket, section: "failed-exports",
			window: 15, lasting: 15, promOnly: true,
			part:  series{metric: metrics.Exports, op: rate, where: []match{isNot("outcome", "ok")}},
			about: "Metrics or traces do not reach the OTLP receiver",
		},
		{
			name: "MayflyGone", severity: page, section: "gone", window: 5, lasting: 5, silence: true, promOnly: true,
			part:  series{metric: metrics.BuildInfo, op: value},
			about: "No instance of the bridge can be asked for its metrics",
		},
	}
}

// where is the section of the runbook: code stands for the code that a rule's result has.
func (a *alert) where(code string) string {
	if a.section == "" {
		return "#" + code
	}
	return "#" + a.section
}
