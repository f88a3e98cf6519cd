package trace

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mayfly/function/internal/otlp"
)

// number reads a variable with a number from 1 to limit.
func number(text, name string, byDefault, limit int, warn func(string)) int {
	if text = strings.TrimSpace(text); text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > limit {
		warn(fmt.Sprintf("%s: want a number from 1 to %d; %d is used", name, limit, byDefault))
		return byDefault
	}
	return n
}

// milliseconds reads a variable with a time.
func milliseconds(text, name string, byDefault int, warn func(string)) time.Duration {
	d := time.Duration(byDefault) * time.Millisecond
	if strings.TrimSpace(text) == "" {
		return d
	}
	if given, ok := otlp.Milliseconds(text, maxDelay); ok {
		return given
	}
	warn(fmt.Sprintf("%s: want milliseconds from 1 to %d; %d is used", name, maxDelay.Milliseconds(), byDefault))
	return d
}
