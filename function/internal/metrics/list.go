package metrics

// Kind is the type of a metric, as Prometheus names it.
type Kind string

// The kinds of metrics.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram" // of seconds
)

// Metric describes one metric.
type Metric struct {
	Name   string
	Kind   Kind
	Labels []string // names, in the order in which their values are given; see Labels
	Help   string   // a sentence
}

// ID is a metric of the list.
type ID int

// The metrics.
const (
	Requests ID = iota
	RequestDuration
	RequestsInFlight
	RequestsInFlightLimit
	DecodeDuration
	Messages
	Notes
	Enrichments
	TableReads
	TableRows
	TableBroken
	Commands
	Pushes
	Provisionings
	ProvisionDuration
	HintTries
	Sends
	SendDuration
	CircuitOpen
	Lookups
	LookupDuration
	TokensSigned
	StateUp
	StateCalls
	CacheEntries
	RoomBytes
	RoomLimitBytes
	CodecWorkers
	CodecQueue
	LogLinesDropped
	QueueMessages
	QueueWait
	QueueDepth
	QueueOldest
	QueueDead
	QueueUp
	Exports
	BuildInfo
	count
)

// list is laid out by the linker: it costs no start anything.
var list = [count]Metric{
	Requests: {"mayfly_requests_total", Counter, []string{"route", "source", "status", "code"},
		"Requests by route, source, HTTP status and code of the answer. Health checks are not counted."},
	RequestDuration: {"mayfly_request_duration_seconds", Histogram, []string{"route", "source"},
		"Time from the head of a request to its answer."},
	RequestsInFlight: {"mayfly_requests_in_flight", Gauge, nil,
		"Requests that are worked on, their body read."},
	RequestsInFlightLimit: {"mayfly_requests_in_flight_limit", Gauge, nil,
		"Requests that are worked on at one time at most; MAX_IN_FLIGHT."},
	DecodeDuration: {"mayfly_decode_duration_seconds", Histogram, []string{"source"},
		"Time from the body of a request to its messages: content type, mapping, codec."},
	Messages: {"mayfly_messages_total", Counter, []string{"source", "outcome"},
		"Messages by source and outcome."},
	Notes: {"mayfly_notes_total", Counter, []string{"source", "kind"},
		"Notes on messages that were delivered all the same, or on parts that were left out, by source and kind."},
	Enrichments: {"mayfly_enrichments_total", Counter, []string{"step", "outcome"},
		"Steps of enrich that were taken for messages, by table or look-up, and by outcome."},
	TableReads: {"mayfly_table_reads_total", Counter, []string{"table", "outcome"},
		"Looks at whether a table has changed, by outcome: `changed`, `unchanged` or `failed`."},
	TableRows: {"mayfly_table_rows", Gauge, []string{"table"},
		"Rows of a table that are in use."},
	TableBroken: {"mayfly_table_broken", Gauge, []string{"table"},
		"1 while the newest rows of a table cannot be read and the ones before are in use; else 0."},
	Commands: {"mayfly_commands_total", Counter, []string{"source", "stage"},
		"Cloud-to-device messages on their way to devices, and the questions for them, by source and stage."},
	Pushes: {"mayfly_pushes_total", Counter, []string{"source", "outcome"},
		"Messages for devices that were pushed to the cloud that speaks for them, by how the push ended."},
	Provisionings: {"mayfly_provisionings_total", Counter, []string{"fleet", "outcome"},
		"Devices that were not known, or had moved, by how asking DPS ended."},
	ProvisionDuration: {"mayfly_provision_duration_seconds", Histogram, []string{"fleet"},
		"Time that a request waited for the assignment of a device: look-up, registration, polls."},
	HintTries: {"mayfly_hint_tries_total", Counter, []string{"fleet", "outcome"},
		"Devices that were not known and were tried at the hub where the others are, by outcome."},
	Sends: {"mayfly_sends_total", Counter, []string{"hub", "outcome"},
		"Batches of one device that were sent to a hub, tries included, by outcome."},
	SendDuration: {"mayfly_send_duration_seconds", Histogram, []string{"hub"},
		"Time to send a batch of one device to a hub, tries and waits between them included."},
	CircuitOpen: {"mayfly_circuit_open", Gauge, []string{"hub"},
		"1 while little or nothing is sent to a hub, because it is down or hangs; else 0."},
	Lookups: {"mayfly_lookups_total", Counter, []string{"lookup", "outcome"},
		"Look-ups for messages, by how they ended."},
	LookupDuration: {"mayfly_lookup_duration_seconds", Histogram, []string{"lookup"},
		"Time that a message waited for a look-up."},
	TokensSigned: {"mayfly_tokens_signed_total", Counter, []string{"fleet"},
		"SAS tokens that were signed for hubs; a token is used for three quarters of an hour."},
	StateUp: {"mayfly_state_up", Gauge, nil,
		"1 while the store that instances share (STATE) answers; else 0. Not shown without one."},
	StateCalls: {"mayfly_state_calls_total", Counter, []string{"call", "outcome"},
		"Calls of the store that instances share, by kind and outcome: `ok` or `failed`."},
	CacheEntries: {"mayfly_cache_entries", Gauge, []string{"cache", "fleet"},
		"Entries of caches, those included that have expired and still take room."},
	RoomBytes: {"mayfly_room_bytes", Gauge, []string{"room"},
		"Memory that requests hold: bodies that are coming in, and what requests at work need."},
	RoomLimitBytes: {"mayfly_room_limit_bytes", Gauge, []string{"room"},
		"Memory that requests may hold together; derived from the memory of the process."},
	CodecWorkers: {"mayfly_codec_workers", Gauge, nil,
		"Processes that run codecs and costly expressions."},
	CodecQueue: {"mayfly_codec_queue_messages", Gauge, nil,
		"Messages that wait for one of those processes."},
	LogLinesDropped: {"mayfly_log_lines_dropped_total", Counter, nil,
		"Lines of the log that nobody read in time."},
	QueueMessages: {"mayfly_queue_messages_total", Counter, []string{"source", "outcome"},
		"Messages that were put into the queue, and what became of them, by source and outcome."},
	QueueWait: {"mayfly_queue_wait_seconds", Histogram, []string{"source"},
		"Time from the acceptance of a message into the queue to its delivery."},
	QueueDepth: {"mayfly_queue_depth_messages", Gauge, nil,
		"Messages in the queue, those included that are being delivered."},
	QueueOldest: {"mayfly_queue_oldest_seconds", Gauge, nil,
		"Age of the oldest message in the queue; 0 where it is empty or does not tell."},
	QueueDead: {"mayfly_queue_dead_letters", Gauge, nil,
		"Messages of the queue that cannot be delivered."},
	QueueUp: {"mayfly_queue_up", Gauge, nil,
		"1 while the queue answers, else 0."},
	Exports: {"mayfly_exports_total", Counter, []string{"signal", "outcome"},
		"Exports of telemetry about the bridge itself over OTLP, by outcome."},
	BuildInfo: {"mayfly_build_info", Gauge, []string{"version", "revision", "goversion", "host"},
		"1, with what the program was built from and the host that it runs on."},
}

// List gives all metrics, in the order of the documentation.
func List() []Metric { return list[:] }

// Label describes a label.
type Label struct{ Name, Values string }

// Labels gives what the values of the labels are.
func Labels() []Label {
	return []Label{
		{"route", "pattern of the path, as in `/api/{source}`; `other` where nothing is served"},
		{"source", "name of a built-in or configured source, `telemetry` or `device`; `none` where it is not known"},
		{"status", "HTTP status of the answer"},
		{"code", "code of [the table of errors](errors.md); `ok` where nothing failed"},
		{"outcome", "of messages: `delivered`, `accepted` (by the queue), `ignored`, `reduced`, `rejected` (never " +
			"stored), `failed` (may be sent again) and `deduplicated`; of messages of the queue: `accepted`, " +
			"`failed` (not taken), `delivered`, `returned` (tried again later) and `dead`; of the rest: `stored`, " +
			"`found`, `registered`, `moved`, `hit`, `miss`, `ok`, or what failed; of steps of enrich: `hit`, `miss`, " +
			"`refused`, `stale` or `failed`; " +
			"of look-ups: `hit` (an answer that was kept), `miss` (the service answered), `stale`, `none`, " +
			"or what failed; of pushes: `pushed`, `unfit` (no bytes for the device), `refused` (4xx), `reported` " +
			"(an error in a 2xx), `down` (429, 5xx, no answer), `unknown` (nobody says where to) or `no-key`"},
		{"step", "name of a table or look-up"},
		{"table", "name of a table"},
		{"kind", "`undecoded`, `codec-failed`, `codec-error`, `codec-warning`, `template`, `time`, `credential`, " +
			"`left-out`"},
		{"fleet", "name of a configured fleet; `default` for the one of the environment"},
		{"hub", "host name of a hub"},
		{"lookup", "name of a look-up of the configuration"},
		{"call", "`rate`, `claim`, `commit` or `release`"},
		{"cache", "`assignments`, `refusals`, `pending`, `checked`, `tokens`, `message-ids`, `device-limits`"},
		{"room", "`working`, `bodies`, `unauthenticated`: see [limits.md](limits.md)"},
		{"stage", "`asked` (the hub, for what waits) or `failed`; `locked`; `completed`, `abandoned`, `rejected`, or " +
			"`lost` (delivered again)"},
		{"signal", "`metrics` or `traces`"},
		{"version", "of the program, as Go recorded it"},
		{"revision", "commit that it was built from, where Go recorded it"},
		{"goversion", "version of Go"},
		{"host", "`server`, `lambda` or `functions`"},
	}
}
