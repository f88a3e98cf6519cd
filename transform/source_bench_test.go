package transform_test

import (
	"testing"

	"mayfly/transform"
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
