package config_test

import (
	"errors"
	"strings"
	"testing"

	"mayfly/function/internal/config"
)

// What cannot be read is told by what would be right, and never by the value.
func TestVariablesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ variable, value, want string }{
		{"REQUEST_TIMEOUT", "thirty", "want a duration, as in 10s"},
		{"MAX_IN_FLIGHT", "1e3", "want a whole number"},
		{"BODY_LIMIT", "9223372036854775808", "want a whole number"},
		{"AWS_CONFIRM_DESTINATIONS", "sure", "want true or false"},
		{"METRICS", "loudly", "want emf or off"},
		{"LOG_LEVEL", "loud", "want debug, info, warn or error"},
		{"DEVICE_RATE", "fast", "want a number and a time, as in 10/s, 600/m or 1000/h"},
	}
	for _, tt := range tests {
		t.Run(tt.variable, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(
				[]string{"ID_SCOPE=0ne00123ABC", "GROUP_KEY=" + goodKey, "AUTH=none", tt.variable + "=" + tt.value},
			)
			var faults config.FaultsError
			if !errors.As(err, &faults) || len(faults) != 1 ||
				faults[0] != (config.Fault{Variable: tt.variable, Problem: tt.want}) {
				t.Errorf("got %v, want only %s: %s", err, tt.variable, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), tt.value) {
				t.Errorf("it tells the value: %v", err)
			}
		})
	}
}
