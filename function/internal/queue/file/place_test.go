package file_test

import (
	"testing"

	"mayfly/function/internal/queue/file"
)

func TestParsePlace(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]struct {
		dir string
		max int64
	}{
		"/var/lib/q":                {"/var/lib/q", 0},
		"queue":                     {"queue", 0},
		`C:\mayfly\queue`:           {`C:\mayfly\queue`, 0},
		"q?max=1GiB":                {"q", 1 << 30},
		"q?max=20971520":            {"q", 20 << 20},
		"q?max=500MB":               {"q", 500_000_000},
		"q?max=2%20TiB":             {"q", 2 << 40},
		"":                          {},
		"?max=1GiB":                 {},
		"q?max=1MiB":                {},
		"q?max=-1GiB":               {},
		"q?max=9999999999GiB":       {},
		"q?max=lots":                {},
		"q?max=":                    {},
		"q?max=1GiB&max=2GiB":       {},
		"q?lease=1s":                {},
		"q?max=1.5GiB":              {},
		"q?%zz":                     {},
		"q?max=9223372036854775807": {"q", 1<<63 - 1},
	} {
		dir, o, err := file.ParsePlace(place)
		if dir != want.dir || o.MaxBytes != want.max || (err == nil) != (want.dir != "") {
			t.Errorf("%s: got %q, %d, %v, want %q, %d", place, dir, o.MaxBytes, err, want.dir, want.max)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	for _, seed := range []string{"q", "q?max=1GiB", "q?max=%zz", "?", "q?max=9223372036854775807TiB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, place string) {
		dir, o, err := file.ParsePlace(place)
		if err == nil && (dir == "" || o.MaxBytes != 0 && o.MaxBytes < file.MinMaxBytes) {
			t.Errorf("%q: %q, %d", place, dir, o.MaxBytes)
		}
	})
}
