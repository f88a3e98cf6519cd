//go:build !linux

package main

import (
	"errors"
	"time"
)

func cpu(int) (time.Duration, error) { return 0, errors.New("this measurement needs Linux's /proc") }
