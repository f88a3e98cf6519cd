package transform_test

import (
	"testing"
	"time"

	"mayfly/transform"
	"mayfly/transform/message"
)

// What a mapped webhook costs beside the native format. The bar of the project:
// a mapped JSON webhook costs at most 3 times the CPU of the native path, which
// is about 100 us with everything around it.
func BenchmarkMap(b *testing.B) {
	tr := transform.New()
	for _, name := range tr.SourceNames() {
		source, err := tr.Source(name)
		if err != nil {
			b.Fatal(err)
		}
		if len(source.Samples) == 0 {
			continue
		}
		request := source.Samples[0].Request.Request(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := source.Map(b.Context(), request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a cold start pays: making a Transformer, and the first request of a source.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		transform.New()
	}
}

func BenchmarkFirstUse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := transform.New().Source("tts"); err != nil {
			b.Fatal(err)
		}
	}
}

// /api/ingest asks the sources whose hints the body holds, and parses no other.
func BenchmarkDetect(b *testing.B) {
	tr := transform.New()
	source, err := tr.Source("tts")
	if err != nil {
		b.Fatal(err)
	}
	request := source.Samples[0].Request.Request("ingest")
	b.ReportAllocs()
	for b.Loop() {
		if found, err := tr.Detect(b.Context(), request); found == nil || err != nil {
			b.Fatal(found, err)
		}
	}
}

// before are the sources that there were when their number doubled.
var before = []string{
	"actility", "aws-lorawan", "chirpstack", "chirpstack-v3", "cloudevents", "ecowitt", "everynet", "firefly", "golioth", "helium",
	"influx", "kerlink", "live-objects", "loriot", "milesight", "multitech", "notehub", "objenious", "orbiwise", "osmand", "otlp",
	"owntracks", "particle", "proximus", "senet", "senml", "shelly", "sigfox", "soracom", "swarm", "ttn-v2", "tts", "wunderground",
}

// /api/ingest with all sources costs at most 1.3 times what it cost with those of before:
// the metric ratio, over the samples of those. Each round asks both about each request, in
// turn, and the quickest rounds count, so that other work on the machine does not.
func BenchmarkIngestRatio(b *testing.B) {
	transformers := []*transform.Transformer{transform.New().Only(before), transform.New()}
	var requests []*message.Request
	for _, name := range before {
		source, err := transformers[1].Source(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, sample := range source.Samples {
			requests = append(requests, sample.Request.Request("ingest"))
		}
	}
	ingest := func(tr *transform.Transformer, r *message.Request) time.Duration {
		start := time.Now()
		if found, err := tr.Detect(b.Context(), r); err == nil && found != nil {
			_, _ = found.MapBatch(b.Context(), r) // some are refused
		}
		return time.Since(start)
	}
	quickest := make([][2]time.Duration, len(requests))
	for round := 0; b.Loop(); round++ {
		for i, r := range requests {
			for k := range transformers {
				j := (k + round) % len(transformers) // the second finds the request in the caches
				if took := ingest(transformers[j], r); quickest[i][j] == 0 || took < quickest[i][j] {
					quickest[i][j] = took
				}
			}
		}
	}
	var few, all time.Duration
	for _, q := range quickest {
		few, all = few+q[0], all+q[1]
	}
	b.ReportMetric(float64(few.Nanoseconds())/float64(len(requests)), "ns/few")
	b.ReportMetric(float64(all.Nanoseconds())/float64(len(requests)), "ns/all")
	b.ReportMetric(float64(all)/float64(few), "ratio")
}
