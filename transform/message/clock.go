package message

import "time"

// The property that says why a message has the time of its arrival: its sender's clock
// cannot be right.
const (
	ClockProperty = "clock"
	ClockUnset    = "unset" // before [MinTime]: the clock has not been set since its device started
	ClockAhead    = "ahead" // more than [MaxAhead] after the arrival
)

// MaxAhead is how far a sender's clock may be ahead. A time without a zone is off by 14 hours
// at most.
const MaxAhead = 24 * time.Hour

// MinTime is the earliest time that can be right: 2001-01-01. Clocks that nobody has set
// count from 0001, 1970, 1980 or 2000, and a number that is an uptime is a time in 1970.
func MinTime() time.Time { return time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) }

// minTime is MinTime in seconds since 1970.
const minTime = 978307200

// Clock tells whether a sender's clock can be right: empty where it can, else ClockUnset or
// ClockAhead. arrival may be zero, where it is not known.
func Clock(sent, arrival time.Time) string {
	switch {
	case sent.Unix() < minTime && (arrival.IsZero() || arrival.Sub(sent) > MaxAhead): // ours may be set back, too
		return ClockUnset
	case !arrival.IsZero() && sent.Sub(arrival) > MaxAhead:
		return ClockAhead
	}
	return ""
}

// SetTime gives a message the time that its sender says. Where that cannot be right it is
// the time of arrival, and the property clock says why.
func (m *Message) SetTime(sent, arrival time.Time) {
	clock := Clock(sent, arrival)
	if clock == "" {
		m.Time, m.Arrived, m.Sent = sent, false, time.Time{}
		return
	}
	m.Time, m.Arrived, m.Sent = arrival, true, time.Time{}
	if !sent.Equal(sent.Truncate(24 * time.Hour)) { // a clock that stands still begins a day
		m.Sent = sent
	}
	if m.Properties == nil {
		m.Properties = map[string]string{}
	}
	if m.Properties[ClockProperty] == "" { // else the sender uses the name
		m.Properties[ClockProperty] = clock
	}
}
