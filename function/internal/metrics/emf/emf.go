package emf

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/function/internal/metrics"
)

const (
	// maxMetrics and maxValues are CloudWatch's limits of a line and of a metric in it.
	maxMetrics = 100
	maxValues  = 100
	// gaugeInterval is the least time between two lines with gauges.
	gaugeInterval = time.Minute
)

// Options are what a Writer is made of.
type Options struct {
	To        io.Writer // takes whole lines, each in one Write
	Namespace string    // of the metrics in CloudWatch
	Service   string    // the dimension that tells this function from others
	Interval  time.Duration
	Now       func() time.Time
}

// Writer collects what is counted until it is flushed. It is safe for concurrent use. A nil one does nothing.
type Writer struct {
	Options

	set *metrics.Set

	mu     sync.Mutex
	groups map[dimensions]*group
	totals map[string]float64 // of counters that are kept elsewhere, at the last flush
	next   time.Time          // before which nothing is flushed
	gauges time.Time          // before which no gauges are read
}

// dimensions are the values of the labels that a line has one of.
type dimensions struct{ source, code string }

// group is what was counted under the same dimensions.
type group struct{ metrics map[string]*value }

// value is what was counted or measured of a metric.
type value struct {
	unit   string
	by     []string // its dimensions
	sum    float64
	values []float64 // of a histogram
	seen   int
}

// New makes a writer.
func New(o *Options) *Writer {
	own := *o
	own.Service = ascii(own.Service)
	return &Writer{Options: own, groups: map[dimensions]*group{}, totals: map[string]float64{}}
}

// ascii makes a value of a dimension: up to 1024 printable characters of ASCII, and one at least.
func ascii(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text))
	return cmp.Or(text[:min(len(text), 1024)], "mayfly")
}

// Gauges has the gauges of a set written, too.
func (w *Writer) Gauges(set *metrics.Set) { w.set = set }

// Added adds to a counter.
func (w *Writer) Added(m *metrics.Metric, n float64, labels []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of(m, labels).sum += n
}

// Observed adds a value to a histogram. Of more than maxValues, that many stand for all.
func (w *Writer) Observed(m *metrics.Metric, seconds float64, labels []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.of(m, labels)
	if len(v.values) < maxValues {
		v.values = append(v.values, seconds)
	} else {
		v.values[v.seen%maxValues] = seconds
	}
	v.seen++
}

// of finds the value of a metric, or makes it. The caller holds mu.
func (w *Writer) of(m *metrics.Metric, labels []string) *value {
	var at dimensions
	var by []string
	for i, label := range m.Labels {
		switch label {
		case "source":
			at.source, by = labels[i], append(by, label)
		case "code":
			at.code, by = labels[i], append(by, label)
		}
	}
	g := w.groups[at]
	if g == nil {
		g = &group{map[string]*value{}}
		w.groups[at] = g
	}
	name := nameOf(m, labels)
	v := g.metrics[name]
	if v == nil {
		v = &value{unit: unit(m.Name), by: by}
		g.metrics[name] = v
	}
	return v
}

// nameOf is the name of a metric with the labels that are put behind it.
func nameOf(m *metrics.Metric, labels []string) string {
	var name strings.Builder
	name.WriteString(m.Name)
	for i, label := range m.Labels {
		switch label {
		case "outcome", "kind", "cache", "room", "signal":
			name.WriteString("_" + cmp.Or(labels[i], "none"))
		}
	}
	return name.String()
}

func unit(name string) string {
	switch {
	case strings.HasSuffix(name, "_seconds"):
		return "Seconds"
	case strings.HasSuffix(name, "_bytes"):
		return "Bytes"
	}
	return "Count"
}

// Flush writes what was counted since the last time: one line after one request, one for each of the values of the
// dimensions after several. It writes at most once per Interval.
func (w *Writer) Flush() {
	if w == nil {
		return
	}
	now := w.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Before(w.next) || len(w.groups) == 0 {
		return
	}
	w.next = now.Add(w.Interval)
	w.flush(now)
}

// Close writes what is left.
func (w *Writer) Close() {
	if w == nil {
		return
	}
	now := w.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush(now)
}

// flush writes all. The caller holds mu.
func (w *Writer) flush(now time.Time) {
	if w.set != nil && !now.Before(w.gauges) {
		w.gauges = now.Add(gaugeInterval)
		w.readGauges()
	}
	keys := slices.SortedFunc(maps.Keys(w.groups), func(a, b dimensions) int {
		return cmp.Or(-cmp.Compare(a.source, b.source), -cmp.Compare(a.code, b.code)) // those with values first
	})
	for len(keys) > 0 {
		at := keys[0]
		g := w.groups[at]
		keys = slices.DeleteFunc(keys[1:], func(key dimensions) bool {
			joins := key.code == "" && (key.source == at.source || key.source == "")
			if joins {
				maps.Copy(g.metrics, w.groups[key].metrics)
			}
			return joins
		})
		w.write(now, at, g)
	}
	clear(w.groups)
}

// readGauges reads the gauges, and what has come to the counters that are kept elsewhere. The caller holds mu.
func (w *Writer) readGauges() {
	counted := map[string]float64{}
	w.set.Read(func(m *metrics.Metric, n float64, labels []string) {
		if m.Name == "mayfly_build_info" {
			return
		}
		v := w.of(m, labels)
		v.sum += n
		if m.Kind == metrics.Counter {
			name := nameOf(m, labels)
			counted[name] += n
			v.sum -= w.totals[name]
			w.totals[name] = 0
		}
	})
	maps.Copy(w.totals, counted)
}

// directive is what a line tells of metrics with the same dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

// write writes a line. The caller holds mu.
func (w *Writer) write(now time.Time, at dimensions, g *group) {
	line := map[string]any{"service": w.Service}
	if at.source != "" {
		line["source"] = at.source
	}
	if at.code != "" {
		line["code"] = at.code
	}
	var directives []*directive
	names := slices.Sorted(maps.Keys(g.metrics))
	for _, name := range names[:min(len(names), maxMetrics)] {
		v := g.metrics[name]
		line[name] = v.number()
		sets := [][]string{{"service"}}
		for _, label := range v.by {
			sets = append(sets, []string{"service", label})
		}
		i := slices.IndexFunc(directives, func(d *directive) bool { return len(d.Dimensions) == len(sets) })
		if i < 0 {
			i = len(directives)
			directives = append(directives, &directive{Namespace: w.Namespace, Dimensions: sets})
		}
		directives[i].Metrics = append(directives[i].Metrics, definition{name, v.unit})
	}
	line["_aws"] = map[string]any{"Timestamp": now.UnixMilli(), "CloudWatchMetrics": directives}
	text, err := json.Marshal(line)
	if err == nil {
		_, _ = w.To.Write(append(text, '\n')) // whoever reads the log has the lines; there is nobody to tell
	}
}

// number is a value as the format has it.
func (v *value) number() any {
	switch {
	case len(v.values) == 1:
		return v.values[0]
	case len(v.values) > 1:
		return v.values
	case math.IsInf(v.sum, 0) || math.IsNaN(v.sum):
		return 0
	}
	return v.sum
}
