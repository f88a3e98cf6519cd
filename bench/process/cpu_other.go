//go:build !linux

package process

import (
	"errors"
	"time"
)

// CPU needs Linux.
func CPU(int) (time.Duration, error) { return 0, errors.New("this measurement needs Linux's /proc") }
