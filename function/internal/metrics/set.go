package metrics

import (
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxLabels is the number of labels of a metric at most.
	maxLabels = 4
	// maxSeries bounds the combinations of values that a metric has, for those that are not bounded by what they are.
	maxSeries = 1000
	// maxHistograms is the same for histograms: one takes up to some 10 kB.
	maxHistograms = 200
	// Other stands for all values of labels past these bounds.
	Other = "other"

	// Buckets of a native histogram are at most 10 % wider than the one before, and at most this many.
	nativeFactor  = 1.1
	nativeBuckets = 160
	nativeReset   = time.Hour
)

// buckets are the classic buckets, in seconds, for scrapers that do not read native histograms.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// values are the values of labels. It is a key that is made without an allocation.
type values [maxLabels]string

// Set is a value for each metric of the list and each combination of its labels' values.
type Set struct {
	registry *prometheus.Registry
	process  bool // what the runtime and the process tell is gathered, too
	families [count]family
	observer Observer

	collectors []*collector

	once    sync.Once
	handler http.Handler
}

// Observer is told of what is counted and measured as it happens. Its methods must return at once.
type Observer interface {
	// Added tells that n was added to a counter.
	Added(m *Metric, n float64, labels []string)
	// Observed tells of a value of a histogram.
	Observed(m *Metric, value float64, labels []string)
}

// family is one metric.
type family struct {
	counters *prometheus.CounterVec // nil for histograms

	counter series[prometheus.Counter]
	observe series[prometheus.Observer]
}

// series are the children of a metric, by their labels' values.
type series[V any] struct {
	mu   sync.RWMutex
	made map[values]V
	max  int
	make func(labels ...string) V
}

// New makes a set in which nothing is counted yet. observer may be nil.
func New(observer Observer) *Set {
	s := &Set{registry: prometheus.NewRegistry(), observer: observer}
	for id := range list {
		m, f := &list[id], &s.families[id]
		switch m.Kind {
		case Counter:
			f.counters = prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
			f.counter.init(maxSeries, f.counters.WithLabelValues)
			s.registry.MustRegister(f.counters)
		case Histogram:
			histograms := prometheus.NewHistogramVec(prometheus.HistogramOpts{
				Name: m.Name, Help: m.Help, Buckets: buckets, NativeHistogramBucketFactor: nativeFactor,
				NativeHistogramMaxBucketNumber: nativeBuckets, NativeHistogramMinResetDuration: nativeReset,
			}, m.Labels)
			f.observe.init(maxHistograms, histograms.WithLabelValues)
			s.registry.MustRegister(histograms)
		case Gauge: // see Collect
		}
	}
	return s
}

// Add adds n to a counter. What is not positive adds nothing.
func (s *Set) Add(id ID, n int, labels ...string) {
	if s == nil || n <= 0 {
		return
	}
	f := &s.families[id]
	f.counter.of(keyOf(labels), len(labels)).Add(float64(n))
	if s.observer != nil {
		s.observer.Added(&list[id], float64(n), append([]string(nil), labels...))
	}
}

// Observe adds a duration to a histogram.
func (s *Set) Observe(id ID, d time.Duration, labels ...string) {
	if s == nil {
		return
	}
	seconds := max(d.Seconds(), 0) // a clock may have been set back
	s.families[id].observe.of(keyOf(labels), len(labels)).Observe(seconds)
	if s.observer != nil {
		s.observer.Observed(&list[id], seconds, append([]string(nil), labels...))
	}
}

func keyOf(labels []string) values {
	var key values
	copy(key[:], labels)
	return key
}

func (s *series[V]) init(limit int, newChild func(labels ...string) V) {
	s.made, s.max, s.make = map[values]V{}, limit, newChild
}

// of finds the child of a combination of values, or makes it.
func (s *series[V]) of(key values, labels int) V {
	s.mu.RLock()
	child, ok := s.made[key]
	s.mu.RUnlock()
	if ok {
		return child
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	under := bounded(s.made, key, labels, s.max) // another variable, so that key needs no memory of the heap
	if child, ok = s.made[under]; !ok {
		child = s.make(under[:labels]...)
		s.made[under] = child
	}
	return child
}

// bounded gives the combination that one is counted under. It keeps nothing of the texts that the values are cut from.
func bounded[V any](children map[values]V, key values, labels, limit int) values {
	if _, known := children[key]; !known && len(children) >= limit {
		key = values{}
		for i := range labels {
			key[i] = Other
		}
	}
	for i, value := range key {
		key[i] = plain(value)
	}
	return key
}

// Setter takes one value of a gauge, and the values of its labels.
type Setter func(value float64, labels ...string)

// Collect has a gauge, or a counter that is kept elsewhere, read by read, whenever somebody asks for it. A metric is
// collected once, before anything is counted.
func (s *Set) Collect(id ID, read func(set Setter)) {
	if s == nil {
		return
	}
	m := &list[id]
	if m.Kind == Counter {
		s.registry.Unregister(s.families[id].counters)
	}
	c := &collector{metric: m, desc: prometheus.NewDesc(m.Name, m.Help, m.Labels, nil), read: read}
	s.registry.MustRegister(c)
	s.collectors = append(s.collectors, c)
}

// Read gives the values of all that is collected, as they are now.
func (s *Set) Read(visit func(m *Metric, value float64, labels []string)) {
	for _, c := range s.collectors {
		c.read(func(value float64, labels ...string) { visit(c.metric, value, labels) })
	}
}

// collector reads a metric when it is asked for.
type collector struct {
	metric *Metric
	desc   *prometheus.Desc
	read   func(set Setter)
}

// Describe gives the metric's description.
func (c *collector) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect gives the metric's values, those of a combination that comes again added up.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	kind := prometheus.GaugeValue
	if c.metric.Kind == Counter {
		kind = prometheus.CounterValue
	}
	read := map[values]float64{}
	c.read(func(value float64, labels ...string) {
		if !math.IsNaN(value) {
			read[bounded(read, keyOf(labels), len(labels), maxSeries)] += value
		}
	})
	for key, value := range read {
		to <- prometheus.MustNewConstMetric(c.desc, kind, value, key[:len(c.metric.Labels)]...)
	}
}
