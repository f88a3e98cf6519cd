//go:build !race

package transform_test

import "time"

func limit(d time.Duration) time.Duration { return d }
