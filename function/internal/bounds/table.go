package bounds

import (
	"fmt"
	"time"

	"mayfly/function/internal/lookup"
	"mayfly/httpsend"
	"mayfly/internal/codecworker"
	"mayfly/transform/codec"
	"mayfly/transform/message"
)

// Bound is a row of docs/limits.md.
type Bound struct {
	What     string // that is bounded
	Value    string // by default
	Variable string // that sets it; empty where it is fixed
	Effect   string // what happens at it, with status and code where a sender is told
	Test     string // that holds it
}

// The effects that are common.
const (
	tooBusy  = "503 `too-busy`, `Retry-After`"
	tooLarge = "413 `body-too-large`"
	invalid  = "422 `invalid-message`"
	evicted  = "what was held the longest is cut off: 503 `too-busy`, `Retry-After`"
)

// Table has all bounds. Values that depend on the memory are those without a limit.
func Table() []Bound {
	s := Derive(0, 0)
	all := bodies(&s)
	all = append(all, work(&s)...)
	all = append(all, lookups()...)
	all = append(all, telemetry()...)
	return append(all, remembered()...)
}

// bodies are the bounds of what comes in.
func bodies(s *Sizes) []Bound {
	return []Bound{
		{"a body, after decompression", "1 MiB", "BODY_LIMIT", tooLarge, "TestExchanges"},
		{"bodies that are coming in, together", size(s.Bodies), "", evicted, "TestWhoGivesWay"},
		{"of these, bodies of senders that have shown no credential", size(s.Unauthenticated), "", evicted,
			"TestIdleBodiesRefuseNobody"},
		{"average rate of a body, after its first 10 s", "64 bytes a second", "", "408 `body-too-slow`",
			"TestBodiesHaveAMinimumRate"},
		{"time of a body", "`REQUEST_TIMEOUT` and 60 s", "", "408 `body-too-slow`", "TestBodiesHaveAMinimumRate"},
		{"compressions, one on top of another", "2", "", "415 `unsupported-media`",
			"TestLayersOfCompressionAreBounded"},
		{"the window of zstd", "8 MiB", "", "400 `malformed-body`", "TestZstdWindowTooLarge"},
		{"line and headers of a request", "32 KiB", "", "431", "TestServeBoundsTheHead"},
		{"header fields of a request", "200", "", "431", "TestHeaderFieldsAreBounded"},
		{"heads that are coming in, together", "2 MiB", "", "the oldest and largest is closed for the newcomer",
			"TestHeadsAreBounded"},
		{"connections of a server", "4096", "", "one that does no work is closed for the newcomer",
			"TestNewcomersGetIn"},
		{"time of a header; until a connection's next request", "5 s; 2 min", "", "the connection is closed",
			"TestServerLimits"},
		{"messages of a request", "5000", "MAX_MESSAGES", tooLarge, "TestExchanges"},
		{"depth of a body", count(message.MaxDepth), "", "400 `malformed-body`", "TestDecodeDeep"},
		{"values of a body", count(message.MaxValues), "", invalid, "TestDecodeLarge"},
		{"of these, objects and arrays", count(message.MaxContainers), "", invalid, "TestDecodeLarge"},
		{"properties of a native message", "1000", "", invalid, "TestNativePropertiesAreBounded"},
		{"an event, with its properties", size(httpsend.MaxMessage), "", "413 `event-too-large`", "TestExchanges"},
		{"faults that an answer lists", count(message.MaxFieldErrors), "", "the others are left out",
			"TestFieldErrorsAreBounded"},
	}
}

// work are the bounds of what is done with a body.
func work(s *Sizes) []Bound {
	return []Bound{
		{"requests in flight", count(s.InFlight), "MAX_IN_FLIGHT", tooBusy, "TestShares"},
		{"of these, of one caller or fleet of several, or of one source while others ask", "half", "", tooBusy,
			"TestOneTenantDoesNotTakeAllPlaces"},
		{"calls to a hub that wait without any answer", "10 for 3 s", "",
			"503 `hub-down`, `Retry-After`, but for a probe", "TestHangingHub"},
		{"calls to DPS, of a kind", "32; others wait, for 5 s without any answer", "",
			"502 `dps-unreachable`, `Retry-After`", "TestGateWhileDPSHangs"},
		{"memory of requests at work, together: bodies and what they become", size(s.Working), "",
			tooBusy + "; for one that needs more when it is alone, " + tooLarge, "TestTake"},
		{"of this, requests whose signature is not checked yet", size(s.Unauthenticated), "", "likewise",
			"TestDecompressedBodiesTakeRoom"},
		{"memory that one body becomes, even if it is alone", size(message.MaxMemory), "", tooLarge, "TestMeter"},
		{"bodies that are being decompressed", "one per processor, one with zstd", "", "the others wait",
			"TestDecompressedBodiesTakeRoom"},
		{"registrations of a device, one after the other, that fail for a reason that passes", "2", "",
			"503 `registration-failed`, `Retry-After`", "TestHealing"},
		{"time that a hub has to hear of a device which DPS has just registered", "10 s", "",
			"503 `hub-not-ready`, `Retry-After`", "TestJustRegistered"},
		{"calls to a hub for a message", "8; at the pace of a hub that throttles", "",
			"503 `hub-busy` or 502 `hub-unreachable`, `Retry-After`", "TestThrottlePace"},
		{"time of a request", "30 s; on Lambda the function's", "REQUEST_TIMEOUT", "504 `out-of-time`",
			"TestExchanges"},
		{"time of the expressions for a request", "250ms", "", invalid + "; the worker is killed", "TestEvaluateAbuse"},
		{"memory of an expression in a worker", size(s.WorkerMemory), "", invalid, "TestEvaluateAbuse"},
		{"steps of the expressions that need no worker, for a request", "2000000", "", "a worker goes on",
			"TestRun"},
		{"input of an expression in a worker", "8 MiB", "", invalid, "TestEvaluateAbuse"},
		{"result of an expression in a worker", "512 KiB", "", invalid, "TestEvaluateAbuse"},
		{"a script", size(codec.MaxScript), "", "the start is refused", "TestLoadFailures"},
		{"a payload for a script", size(codec.MaxPayload), "", "the message goes out undecoded, with a note",
			"TestScriptFails"},
		{"time of a script for a message", duration(codec.MaxScriptTime), "", "likewise", "TestAbuse"},
		{"until its worker is killed", duration(codecworker.MaxMessageTime), "", "likewise", "TestAbuse"},
		{"codec workers", "one per processor, 2 to 4", "", "messages wait", "TestTooManyWait"},
		{"memory of a codec worker, beside its program", size(s.WorkerMemory), "",
			"the message goes out undecoded, with a note", "TestAbuse"},
	}
}

// lookups are the bounds of the services that are asked for what goes with messages.
func lookups() []Bound {
	const failed = "the look-up has failed: `failed:` says what becomes of the message"
	return []Bound{
		{"look-ups of a configuration", count(lookup.MaxLookups), "", "the start is refused", "TestLookupFaults"},
		{"calls of look-ups, together", count(lookup.MaxCalls), "", "others wait, for 5 s at most",
			"TestHangingService"},
		{"of these, of one look-up", count(lookup.MaxCallsOfOne), "", "likewise", "TestHangingService"},
		{"keys of a look-up that are waited for", count(lookup.MaxFlights), "", failed, "TestTooManyKeys"},
		{"time of a look-up", "2 s; `timeout:` sets it, up to 10 s", "", failed, "TestHangingService"},
		{"an answer of a look-up, after decompression", size(lookup.MaxAnswer), "", failed, "TestAnswers"},
		{"depth of such an answer", count(lookup.MaxAnswerDepth), "", failed, "TestAnswers"},
		{"answers that are kept, together", size(lookup.DefaultMemory), "", "the oldest are dropped",
			"TestMemoryOfAnswers"},
		{"age of a failure that is the answer", duration(lookup.MaxErrorAge), "", "the service is asked again",
			"TestAnswersAreKept"},
	}
}

// remembered are the bounds of what is kept between requests.
func remembered() []Bound {
	return []Bound{
		{"a token issuer's key set", "256 KiB, 64 keys", "", "503 `key-unavailable`; further keys are left out",
			"TestRemoteThatFails"},
		{"the file of a table", "256 MiB, 16 MiB in YAML", "", "not read: stops the start; later the old rows stay",
			"TestLargeTable"},
		{"rows and columns of a table, bytes of a row", "5,000,000; 1,000; 64 KiB", "", "likewise", "TestFaults"},
		{"all tables together", "512 MiB", "", "likewise", "TestTablesTogether"},
		{"fetches of a key set", "1 at a time; for unknown keys 1 a minute", "", "401 `unauthenticated`", "TestRemote"},
		{"age of a key set whose server is away", "24 h", "", "503 `key-unavailable`, `Retry-After`", "TestRemote"},
	}
}

func count(n int) string { return fmt.Sprint(n) }

func size[T int | int64](n T) string {
	if n%mib == 0 {
		return fmt.Sprintf("%d MiB", n/mib)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

func duration(d time.Duration) string { return d.String() }

// telemetry are the bounds of what the bridge tells of itself.
func telemetry() []Bound {
	return []Bound{
		{"series of a metric", "1000; of a histogram, 200", "", "the rest count under `other`", "TestSeriesAreBounded"},
		{"scrapes at one time", "4", "", "503", "TestScrapesAreBounded"},
		{"time that an export of metrics delays an answer on Lambda", "200 ms, and half of what is left", "",
			"it is given up, and none is tried for 10 s to a minute", "TestFlushIsBounded"},
		{"metrics of a line for CloudWatch, and values of a histogram in it", "100", "",
			"that many stand for all", "TestLimits"},
	}
}
