package lines

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mayfly/transform/message"

	"github.com/influxdata/line-protocol/v2/lineprotocol"
)

// precision is what a timestamp counts: so many of a unit.
type precision struct {
	unit lineprotocol.Precision
	of   int64
}

// precisions of InfluxDB's timestamps, as ?precision= has them; version 1 wrote
// n, u, ms, s, m and h.
var precisions = map[string]precision{
	"": {lineprotocol.Nanosecond, 1}, "ns": {lineprotocol.Nanosecond, 1}, "n": {lineprotocol.Nanosecond, 1},
	"us": {lineprotocol.Microsecond, 1}, "u": {lineprotocol.Microsecond, 1}, "µs": {lineprotocol.Microsecond, 1},
	"ms": {lineprotocol.Millisecond, 1}, "s": {lineprotocol.Second, 1},
	"m": {lineprotocol.Second, 60}, "h": {lineprotocol.Second, 3600},
}

// time reads the timestamp of a line; zero where it has none.
func (p precision) time(decoder *lineprotocol.Decoder) (time.Time, error) {
	at, err := decoder.Time(p.unit, time.Time{})
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return time.Time{}, err
	case at.IsZero() || p.of == 1:
		return at, nil
	case at.Unix() > 1<<40 || at.Unix() < -1<<40:
		return time.Time{}, errors.New("invalid timestamp: value out of range")
	}
	return time.Unix(at.Unix()*p.of, 0).UTC(), nil
}

// Influx reads InfluxDB line protocol into a list of points: measurement,
// tags (an object of texts), fields, and time (RFC 3339; left out where the line
// has none). Numbers keep their digits; integers and floats are both numbers.
func Influx(body []byte, units string, meter *message.Meter, bad *Collector) (any, error) {
	unit, ok := precisions[units]
	if !ok {
		return nil, message.InvalidFields(message.FieldError{Path: "precision", Rule: "precision",
			Hint: message.Quote(units) + " is not known: want ns, us, ms, s, m or h"})
	}
	decoder := lineprotocol.NewDecoderWithBytes(body)
	points := []any{}
	for decoder.Next() {
		point, err := influxPoint(decoder, unit, meter)
		if isBound(err) {
			return nil, err
		}
		if err != nil {
			line, text := influxFault(body, len(points)+bad.Count(), err)
			if err := bad.Skip(line, len(points), message.Malformedf("line %d%s", line, text)); err != nil {
				return nil, err
			}
		} else {
			points = append(points, point)
		}
		if err := meter.Messages(len(points) + bad.Count()); err != nil {
			return nil, err
		}
	}
	if err := decoder.Err(); err != nil {
		return nil, message.Malformedf("%v", err)
	}
	if err := bad.Worthless(len(points)); err != nil {
		return nil, err
	}
	if len(points) == 0 {
		return nil, message.Malformedf("the body has no line")
	}
	return points, nil
}

// influxFault tells in which line an entry is wrong, and what is wrong. The library
// knows the line of a fault of syntax, but not that of a value out of range.
func influxFault(body []byte, entry int, err error) (line int, text string) {
	if wrong, ok := errors.AsType[*lineprotocol.DecodeError](err); ok {
		what, _, _ := strings.Cut(wrong.Err.Error(), ` ("`) // a value follows, which is for no log
		return int(wrong.Line), fmt.Sprintf(", column %d: %s", wrong.Column, what)
	}
	for text := range bytes.Lines(body) {
		line++
		if text = bytes.TrimLeft(text, " \t\r\n"); len(text) == 0 || text[0] == '#' {
			continue
		}
		if entry--; entry < 0 {
			break
		}
	}
	return line, ": " + err.Error()
}

func influxPoint(decoder *lineprotocol.Decoder, unit precision, meter *message.Meter) (any, error) {
	for range 3 { // the point, its tags, its fields
		if err := cmp.Or(meter.Object(), meter.Members(1)); err != nil {
			return nil, err
		}
	}
	name, err := decoder.Measurement()
	if err != nil {
		return nil, err
	}
	tags, fields := map[string]any{}, map[string]any{}
	point := map[string]any{"measurement": string(name), "tags": tags, "fields": fields}
	for {
		key, value, err := decoder.NextTag()
		if err != nil {
			return nil, err
		}
		if key == nil {
			break
		}
		if err := meter.Member(len(key), len(value)); err != nil {
			return nil, err
		}
		tags[string(key)] = string(value)
	}
	for {
		key, kind, value, err := decoder.NextFieldBytes()
		if err != nil {
			return nil, err
		}
		if key == nil {
			break
		}
		if err := meter.Member(len(key), len(value)); err != nil {
			return nil, err
		}
		if fields[string(key)], err = influxValue(kind, value); err != nil {
			return nil, fmt.Errorf("field %s: %w", message.Quote(string(key)), err)
		}
	}
	at, err := unit.time(decoder)
	if err != nil {
		return nil, err
	}
	if !at.IsZero() {
		if at, err = message.InRange(at.UTC()); err == nil {
			point["time"] = message.FormatTime(at)
		}
	}
	return point, nil
}

// influxValue makes a value of a field. The library has checked its syntax.
func influxValue(kind lineprotocol.ValueKind, raw []byte) (any, error) {
	text := string(raw)
	switch kind {
	case lineprotocol.String:
		return text, nil
	case lineprotocol.Bool:
		return strings.ContainsAny(text[:1], "tT"), nil
	case lineprotocol.Int, lineprotocol.Uint:
		digits := strings.TrimRight(text, "iu")
		if n, ok := message.ParseNumber(strings.TrimLeft(digits, "+")); ok {
			return n, nil
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, message.Malformedf("%v", err)
		}
		return json.Number(strconv.FormatInt(n, 10)), nil
	case lineprotocol.Float:
		if n, ok := message.ParseNumber(text); ok {
			return n, nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, message.Malformedf("%v", err)
		}
		text, err := json.Marshal(f)
		return json.Number(text), err
	default:
		return nil, message.Malformedf("%s is not a value", message.Quote(text))
	}
}
