package media

import (
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

// precisions of InfluxDB's timestamps, as ?precision= has them; version 1 wrote
// n, u and ms.
var precisions = map[string]lineprotocol.Precision{
	"": lineprotocol.Nanosecond, "ns": lineprotocol.Nanosecond, "n": lineprotocol.Nanosecond,
	"us": lineprotocol.Microsecond, "u": lineprotocol.Microsecond, "µs": lineprotocol.Microsecond,
	"ms": lineprotocol.Millisecond, "s": lineprotocol.Second,
}

// decodeInflux reads InfluxDB line protocol into a list of points: measurement,
// tags (an object of texts), fields, and time (RFC 3339; left out where the line
// has none). Numbers keep their digits; integers and floats are both numbers.
func decodeInflux(body []byte, precision string, spent budget) (any, error) {
	unit, ok := precisions[precision]
	if !ok {
		return nil, message.InvalidFields(message.FieldError{Path: "precision", Rule: "precision",
			Hint: message.Quote(precision) + " is not known: want ns, us, ms or s"})
	}
	decoder := lineprotocol.NewDecoderWithBytes(body)
	points := []any{}
	for decoder.Next() {
		point, err := influxPoint(decoder, unit, &spent)
		var wrong *lineprotocol.DecodeError
		var own *message.Error
		switch {
		case errors.As(err, &wrong):
			return nil, message.Malformedf("line %d, column %d: %v", wrong.Line, wrong.Column, wrong.Err)
		case errors.As(err, &own):
			return nil, err
		case err != nil: // such as a time beyond 64 bits
			return nil, message.Malformedf("line %d: %v", len(points)+1, err)
		}
		points = append(points, point)
		if err := spent.of().Messages(len(points)); err != nil {
			return nil, err
		}
	}
	if err := decoder.Err(); err != nil {
		return nil, message.Malformedf("%v", err)
	}
	if len(points) == 0 {
		return nil, message.Malformedf("the body has no line")
	}
	return points, checkCount(len(points))
}

func influxPoint(decoder *lineprotocol.Decoder, unit lineprotocol.Precision, spent *budget) (any, error) {
	for range 3 { // the point, its tags, its fields
		if err := spent.object(1); err != nil {
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
		if err := spent.member(len(key), len(value)); err != nil {
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
		if err := spent.member(len(key), len(value)); err != nil {
			return nil, err
		}
		if fields[string(key)], err = influxValue(kind, value); err != nil {
			return nil, fmt.Errorf("field %s: %w", message.Quote(string(key)), err)
		}
	}
	at, err := decoder.Time(unit, time.Time{})
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !at.IsZero() {
		point["time"] = textOf(at)
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
		return floatNumber(f), nil
	default:
		return nil, message.Malformedf("%s is not a value", message.Quote(text))
	}
}
