package lookup_test

import (
	"testing"

	"mayfly/function/internal/lookup"
)

// BenchmarkHit measures a look-up whose answer is kept, by a key of its own and by its URL.
func BenchmarkHit(b *testing.B) {
	for name, change := range map[string]func(*lookup.Spec){
		"key": func(s *lookup.Spec) { s.Key = expr(".place") }, "url": nil,
	} {
		b.Run(name, func(b *testing.B) {
			s, in := newSet(b, always(200, `{"temperature":21.5}`), weather(change)), at("Bern")
			s.Get(b.Context(), "weather", in)
			b.ReportAllocs()
			for b.Loop() {
				if got := s.Get(b.Context(), "weather", in); got.State != lookup.Hit {
					b.Fatal(got)
				}
			}
		})
	}
}
