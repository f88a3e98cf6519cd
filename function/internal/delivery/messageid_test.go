package delivery_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/delivery"
	"mayfly/transform/message"
)

// A resend has the id of the first, though the sender's clock is wrong. Of a clock that
// stands still two equal readings are two.
func TestIdentifyWrongClock(t *testing.T) {
	t.Parallel()
	arrival := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	id := func(sent, arrival time.Time) string {
		m := []message.Message{{DeviceID: "d", Body: []byte(`{"n":1}`)}}
		m[0].SetTime(sent, arrival)
		delivery.Identify(m, "")
		return m[0].MessageID
	}
	for name, tt := range map[string]struct {
		sent time.Time
		same bool
	}{
		"right":  {arrival.Add(-time.Minute), true},
		"ahead":  {arrival.Add(48*time.Hour + 5), true},
		"uptime": {time.Unix(52341, 0), true},
		"0":      {time.Unix(0, 0), false},
		"year 1": {time.Time{}, false},
		"2000":   {time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), false},
	} {
		first, second := id(tt.sent, arrival), id(tt.sent, arrival.Add(time.Second))
		if (first == second) != tt.same || strings.HasPrefix(first, "once-") == tt.same {
			t.Errorf("%s: %s, then %s", name, first, second)
		}
	}
}
