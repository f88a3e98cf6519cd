package dashboards

import (
	"slices"

	"mayfly/function/internal/metrics"
)

// unit is the unit of a panel's values.
type unit int

const (
	perSecond unit = iota
	inSeconds
	inBytes
	number
)

// op is what is asked of a metric.
type op int

const (
	rate  op = iota // of a counter, per second
	value           // of a gauge, of all instances together
	worst           // of a gauge, of all instances the highest
	p50             // of a histogram
	p99
)

// match says which series of a metric count.
type match struct {
	label  string
	values []string
	not    bool
}

// series are lines of a panel: a metric, what is asked of it, and the label that tells the lines apart.
type series struct {
	metric metrics.ID
	op     op
	by     string  // empty: one line
	where  []match // all have to hold
	name   string  // of the line, where there is one
}

// panel is a picture.
type panel struct {
	title  string
	about  string // what to see in it
	unit   unit
	series []series
}

// row is a line of panels.
type row struct {
	title  string
	panels []panel
}

// rows gives all panels. What the list of metrics has beyond them is in the last row.
func rows() []row {
	all := []row{messageRow(), requestRow(), provisionRow(), hubRow(), aroundRow(), queueRow(), bridgeRow()}
	shown := map[metrics.ID]bool{}
	for _, r := range all {
		for _, p := range r.panels {
			for _, s := range p.series {
				shown[s.metric] = true
			}
		}
	}
	var others []panel
	for id := range metrics.List() {
		if !shown[metrics.ID(id)] {
			others = append(others, plain(metrics.ID(id)))
		}
	}
	if len(others) > 0 {
		all = append(all, row{"More", others})
	}
	return all
}

// plain is the panel of a metric that nobody has thought about yet.
func plain(id metrics.ID) panel {
	m := &metrics.List()[id]
	s := series{metric: id, name: m.Name}
	if len(m.Labels) > 0 {
		s.by = m.Labels[len(m.Labels)-1]
	}
	p := panel{title: m.Name, about: m.Help, unit: number}
	switch m.Kind {
	case metrics.Counter:
		s.op, p.unit = rate, perSecond
	case metrics.Histogram:
		s.op, p.unit = p99, inSeconds
	case metrics.Gauge:
		s.op = value
	}
	p.series = []series{s}
	return p
}

func is(label string, values ...string) match { return match{label: label, values: values} }
func isNot(label string, values ...string) match {
	return match{label: label, values: values, not: true}
}

func messageRow() row {
	return row{"Messages", []panel{
		{
			"Messages by outcome",
			"Delivered means stored in the hub; rejected, that it never can be; failed, that the sender is " +
				"asked to send again.", perSecond,
			[]series{{metric: metrics.Messages, op: rate, by: "outcome"}},
		},
		{
			"Delivered by source", "A line that ends is a sender that has stopped, or is refused.", perSecond,
			[]series{{metric: metrics.Messages, op: rate, by: "source", where: []match{is("outcome", "delivered")}}},
		},
		{
			"Notes by kind",
			"Messages that were delivered, with something to say of them: undecoded payloads, errors of codecs, " +
				"what does not fit the device template.", perSecond,
			[]series{{metric: metrics.Notes, op: rate, by: "kind"}},
		},
	}}
}

func requestRow() row {
	return row{"Requests", []panel{
		{
			"Failures by code", "The runbook has a section for each code.", perSecond,
			[]series{{metric: metrics.Requests, op: rate, by: "code", where: []match{isNot("code", "ok")}}},
		},
		{
			"Requests by status", "What senders are answered.", perSecond,
			[]series{{metric: metrics.Requests, op: rate, by: "status"}},
		},
		{
			"Duration of requests", "Most webhooks wait 5 s, and some never send again.", inSeconds,
			[]series{
				{metric: metrics.RequestDuration, op: p50, name: "half"},
				{metric: metrics.RequestDuration, op: p99, name: "99 %"},
			},
		},
		{
			"Where the time goes (99 %)", "Decode is the bridge's own, provision is DPS's, send the hub's.", inSeconds,
			[]series{
				{metric: metrics.DecodeDuration, op: p99, name: "decode"},
				{metric: metrics.ProvisionDuration, op: p99, name: "provision"},
				{metric: metrics.SendDuration, op: p99, name: "send"},
			},
		},
		{
			"In flight", "At the limit, requests are answered 503 too-busy at once.", number,
			[]series{
				{metric: metrics.RequestsInFlight, op: value, name: "in flight"},
				{metric: metrics.RequestsInFlightLimit, op: value, name: "limit"},
			},
		},
	}}
}

func provisionRow() row {
	return row{"DPS", []panel{
		{
			"Devices asked for at DPS, by outcome",
			"Found is a look-up; registered a device that DPS had never assigned; the rest " +
				"failed.", perSecond,
			[]series{{metric: metrics.Provisionings, op: rate, by: "outcome"}},
		},
		{
			"Duration of provisioning", "A registration takes 3 s and more: DPS wants to be asked again.", inSeconds,
			[]series{
				{metric: metrics.ProvisionDuration, op: p50, name: "half"},
				{metric: metrics.ProvisionDuration, op: p99, name: "99 %"},
			},
		},
		{
			"Hints",
			"Unknown devices that were tried at the hub of the others first. Many misses switch the hint off.",
			perSecond,
			[]series{{metric: metrics.HintTries, op: rate, by: "outcome"}},
		},
	}}
}

func hubRow() row {
	return row{"IoT hubs", []panel{
		{
			"Sends by outcome", "Batches of one device; stored is what the hub has answered 204.", perSecond,
			[]series{{metric: metrics.Sends, op: rate, by: "outcome"}},
		},
		{
			"Duration of sends (99 %)", "Tries and the waits between them included.", inSeconds,
			[]series{{metric: metrics.SendDuration, op: p99, by: "hub"}},
		},
		{
			"Open circuits", "1 while next to nothing is sent to a hub that is down or hangs.", number,
			[]series{{metric: metrics.CircuitOpen, op: worst, by: "hub"}},
		},
		{
			"SAS tokens signed",
			"A token serves three quarters of an hour: many signatures are many devices.", perSecond,
			[]series{{metric: metrics.TokensSigned, op: rate, by: "fleet"}},
		},
	}}
}

func aroundRow() row {
	return row{"Enrichment and commands", []panel{
		{
			"Enrichment by outcome", "Steps of enrich that were taken for messages.", perSecond,
			[]series{{metric: metrics.Enrichments, op: rate, by: "outcome"}},
		},
		{
			"Look-ups by outcome", "Services that are asked for what goes with messages.", perSecond,
			[]series{{metric: metrics.Lookups, op: rate, by: "outcome"}},
		},
		{
			"Duration of look-ups (99 %)", "It is part of the sender's wait.", inSeconds,
			[]series{{metric: metrics.LookupDuration, op: p99, by: "lookup"}},
		},
		{
			"Rows of tables", "A fall is a file that came short.", number,
			[]series{{metric: metrics.TableRows, op: value, by: "table"}},
		},
		{
			"Broken tables, and reads by outcome",
			"1 while the newest rows cannot be read, and older ones are in use.", number,
			[]series{
				{metric: metrics.TableBroken, op: worst, by: "table", name: "broken"},
				{metric: metrics.TableReads, op: rate, by: "outcome", name: "reads"},
			},
		},
		{
			"Commands by stage", "Cloud-to-device messages: from the hub to the device.", perSecond,
			[]series{{metric: metrics.Commands, op: rate, by: "stage"}},
		},
		{
			"Pushes by outcome", "Messages for devices that were pushed to the cloud which speaks for them.", perSecond,
			[]series{{metric: metrics.Pushes, op: rate, by: "outcome"}},
		},
	}}
}

func queueRow() row {
	return row{"Queue of durable mode", []panel{
		{
			"Queued messages by outcome", "Accepted is what waits; dead is what can never be delivered.", perSecond,
			[]series{{metric: metrics.QueueMessages, op: rate, by: "outcome"}},
		},
		{
			"Messages in the queue, and dead letters", "A queue that only grows waits for a hub that is down.", number,
			[]series{
				{metric: metrics.QueueDepth, op: worst, name: "waiting"},
				{metric: metrics.QueueDead, op: worst, name: "dead letters"},
			},
		},
		{
			"Age of the oldest message in the queue", "0 where the queue is empty, or does not tell.", inSeconds,
			[]series{{metric: metrics.QueueOldest, op: worst, name: "oldest"}},
		},
		{
			"Time in the queue", "From the acceptance of a message to its delivery.", inSeconds,
			[]series{
				{metric: metrics.QueueWait, op: p50, name: "half"},
				{metric: metrics.QueueWait, op: p99, name: "99 %"},
			},
		},
		{
			"Queue reachable", "0 while the queue gives no answer.", number,
			[]series{{metric: metrics.QueueUp, op: value, name: "reachable"}},
		},
	}}
}

func bridgeRow() row {
	return row{"The bridge itself", []panel{
		{
			"Memory of requests", "At the limit the oldest and largest body is cut off: 503 too-busy.", inBytes,
			[]series{
				{metric: metrics.RoomBytes, op: value, by: "room"},
				{metric: metrics.RoomLimitBytes, op: value, by: "room", name: "limit of"},
			},
		},
		{
			"Cache entries", "What is remembered of devices, by cache.", number,
			[]series{{metric: metrics.CacheEntries, op: value, by: "cache"}},
		},
		{
			"Codec workers", "Processes that run scripts, and messages that wait for one.", number,
			[]series{
				{metric: metrics.CodecWorkers, op: value, name: "workers"},
				{metric: metrics.CodecQueue, op: value, name: "waiting messages"},
			},
		},
		{
			"Lost log lines, and exports by outcome",
			"Lines that nobody read in time; metrics and traces sent over OTLP.", perSecond,
			[]series{
				{metric: metrics.LogLinesDropped, op: rate, name: "log lines lost"},
				{metric: metrics.Exports, op: rate, by: "outcome", name: "exports"},
			},
		},
		{
			"Versions", "Instances by version: more than one during a deployment.", number,
			[]series{{metric: metrics.BuildInfo, op: value, by: "version"}},
		},
	}}
}

// metric gives the description of the metric of a series.
func (s *series) of() *metrics.Metric { return &metrics.List()[s.metric] }

// wrong tells what of a series the list of metrics does not have; empty where all is right.
func (s *series) wrong() string {
	m := s.of()
	kinds := map[op]metrics.Kind{
		rate: metrics.Counter, value: metrics.Gauge, worst: metrics.Gauge,
		p50: metrics.Histogram, p99: metrics.Histogram,
	}
	if kinds[s.op] != m.Kind {
		return m.Name + " is a " + string(m.Kind)
	}
	labels := []string{}
	if s.by != "" {
		labels = append(labels, s.by)
	}
	for _, w := range s.where {
		labels = append(labels, w.label)
	}
	for _, label := range labels {
		if !slices.Contains(m.Labels, label) {
			return m.Name + " has no label " + label
		}
	}
	return ""
}
