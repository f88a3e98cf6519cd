//go:build race

package transform_test

import "time"

// limit gives the race detector its time.
func limit(d time.Duration) time.Duration { return 10 * d }
