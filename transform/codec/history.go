package codec

import (
	"maps"
	"math/big"
	"strings"
	"time"

	"mayfly/transform/message"
)

// Reading is what a codec read at one time.
type Reading struct {
	Time time.Time // zero: that of the uplink
	Data map[string]any
}

// maxReadings bounds the readings of one uplink.
const maxReadings = 1000

// Readings gives what a codec made of an uplink, in the codec's order: the data, or
// the readings of a device that keeps a log, each with its time. Nil where there is
// nothing.
func (d *Decoded) Readings() []Reading {
	if d.List != nil {
		if readings, ok := history(d.List); ok {
			return readings
		}
	}
	if len(d.Data) == 0 {
		return nil
	}
	return []Reading{{Data: d.Data}}
}

// history reads a list of readings. Decoders write rows of one value:
//
//	{field: "TEMP", value: 21.5, timestamp: 1773482400}             Datacake
//	{variable: "temp", value: 21.5, time: "2026-03-14T10:00:00Z"}   TagoIO
//
// or of all values of a time:
//
//	{ts: 1773482400000, values: {temp: 21.5, hum: 40}}              ThingsBoard
//	{timestamp: 1773482400, temp: 21.5, hum: 40}
//
// A list of the last kind has to have a time somewhere. Rows of one time are one
// reading, unless a value comes twice.
func history(list []any) ([]Reading, bool) {
	var readings []Reading
	latest := map[int64]int{} // by time: the reading that was begun last
	timed := false
	for _, item := range list {
		row, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		at, data, named := rowOf(row)
		if timed = timed || named || !at.IsZero(); len(data) == 0 {
			continue
		}
		i, begun := latest[at.UnixNano()]
		if !begun || sharesName(readings[i].Data, data) {
			i = len(readings)
			latest[at.UnixNano()] = i
			readings = append(readings, Reading{at, map[string]any{}})
		}
		maps.Copy(readings[i].Data, data)
	}
	return readings, timed
}

func sharesName(a, b map[string]any) bool {
	for name := range b {
		if _, ok := a[name]; ok {
			return true
		}
	}
	return false
}

// timeNames are the members that hold the time of a row.
var timeNames = []string{"timestamp", "time", "ts"}

// rowOf reads a row. named tells that it says of itself that it is one.
func rowOf(row map[string]any) (at time.Time, data map[string]any, named bool) {
	timeName := ""
	for _, name := range timeNames {
		if at = rowTime(row[name]); !at.IsZero() {
			timeName = name
			break
		}
	}
	for _, name := range []string{"field", "variable"} {
		if key, ok := row[name].(string); ok {
			value := row["value"]
			if value == nil {
				value = row["location"]
			}
			if value == nil {
				return at, nil, true
			}
			return at, map[string]any{key: value}, true
		}
	}
	if values, ok := row["values"].(map[string]any); ok && timeName != "" {
		return at, values, false
	}
	data = maps.Clone(row)
	delete(data, timeName)
	return at, data, false
}

// rowTime reads the time of a row; zero where it has none. A clock that was never set, and
// a counter, are no time.
func rowTime(value any) time.Time {
	var text string
	switch value := value.(type) {
	case string:
		text = strings.TrimSpace(value)
	case int, float64, *big.Int:
		text, _ = message.NumberText(value)
	}
	at, err := message.ParseTime(text, message.Zone{})
	if err != nil || message.Clock(at, time.Time{}) != "" {
		return time.Time{}
	}
	return at
}

// merged gives the values of rows as one object; the last one of a name counts. Nil
// where the rows do not say that they are some.
func merged(list []any) map[string]any {
	data := map[string]any{}
	for _, item := range list {
		row, _ := item.(map[string]any)
		_, values, named := rowOf(row)
		if !named {
			return nil
		}
		maps.Copy(data, values)
	}
	return data
}
