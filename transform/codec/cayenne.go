package codec

import (
	"context"
	"encoding/binary"
	"strconv"
)

// cayenne decodes Cayenne Low Power Payload: channel, type, value, again and
// again (myDevices, "Cayenne LPP"; the types from 100 on that it does not have
// are those of ElectronicCats/CayenneLPP). Members are named as The Things Stack
// does, temperature_3 for a temperature on channel 3
// (lorawan-stack, pkg/messageprocessors/cayennelpp/keys.go).
type cayenne struct{}

// lppType is a type of value: parts of size bytes each, divided.
type lppType struct {
	name    string
	size    int
	signed  bool
	divisor float64
	parts   []lppPart // for a value of several
}

type lppPart struct {
	name    string
	divisor float64
}

var (
	xyz1000 = []lppPart{{"x", 1000}, {"y", 1000}, {"z", 1000}}
	xyz100  = []lppPart{{"x", 100}, {"y", 100}, {"z", 100}}
	place   = []lppPart{{"latitude", 10000}, {"longitude", 10000}, {"altitude", 100}}
	colours = []lppPart{{"r", 1}, {"g", 1}, {"b", 1}}
)

var lppTypes = map[byte]lppType{
	0x00: {name: "digital_in", size: 1, divisor: 1},
	0x01: {name: "digital_out", size: 1, divisor: 1},
	0x02: {name: "analog_in", size: 2, signed: true, divisor: 100},
	0x03: {name: "analog_out", size: 2, signed: true, divisor: 100},
	0x64: {name: "generic", size: 4, divisor: 1},
	0x65: {name: "luminosity", size: 2, divisor: 1},
	0x66: {name: "presence", size: 1, divisor: 1},
	0x67: {name: "temperature", size: 2, signed: true, divisor: 10},
	0x68: {name: "relative_humidity", size: 1, divisor: 2},
	0x71: {name: "accelerometer", size: 2, signed: true, parts: xyz1000},
	0x73: {name: "barometric_pressure", size: 2, divisor: 10},
	0x74: {name: "voltage", size: 2, divisor: 100},
	0x75: {name: "current", size: 2, divisor: 1000},
	0x76: {name: "frequency", size: 4, divisor: 1},
	0x78: {name: "percentage", size: 1, divisor: 1},
	0x79: {name: "altitude", size: 2, signed: true, divisor: 1},
	0x7d: {name: "concentration", size: 2, divisor: 1},
	0x80: {name: "power", size: 2, divisor: 1},
	0x82: {name: "distance", size: 4, divisor: 1000},
	0x83: {name: "energy", size: 4, divisor: 1000},
	0x84: {name: "direction", size: 2, divisor: 1},
	0x85: {name: "time", size: 4, divisor: 1},
	0x86: {name: "gyrometer", size: 2, signed: true, parts: xyz100},
	0x87: {name: "colour", size: 1, parts: colours},
	0x88: {name: "gps", size: 3, signed: true, parts: place},
	0x8e: {name: "switch", size: 1, divisor: 1},
}

const lppPolyline = 0xf0

// Decode implements [Codec]. A payload with an unknown type, or that ends inside a
// value, is refused as a whole: it is probably not Cayenne LPP.
func (cayenne) Decode(_ context.Context, in Uplink) (Decoded, error) {
	if len(in.Bytes) > MaxPayload {
		return Decoded{}, codecError(Result, "the payload is larger than %d bytes", MaxPayload)
	}
	data := map[string]any{}
	for i := 0; i < len(in.Bytes); {
		if i+2 > len(in.Bytes) {
			return Decoded{}, codecError(Truncated, "the payload ends at offset %d, after a channel", i+1)
		}
		channel, kind := in.Bytes[i], in.Bytes[i+1]
		i += 2
		if kind == lppPolyline {
			line, size, err := polyline(in.Bytes, i)
			if err != nil {
				return Decoded{}, err
			}
			data["polyline_"+strconv.Itoa(int(channel))] = line
			i += size
			continue
		}
		t, ok := lppTypes[kind]
		if !ok {
			return Decoded{}, codecError(Unknown, "offset %d: Cayenne LPP has no type 0x%02x", i-1, kind)
		}
		size := t.size * max(len(t.parts), 1)
		if i+size > len(in.Bytes) {
			return Decoded{}, codecError(Truncated, "offset %d: a %s has %d bytes, %d are left",
				i, t.name, size, len(in.Bytes)-i)
		}
		data[t.name+"_"+strconv.Itoa(int(channel))] = t.value(in.Bytes[i : i+size])
		i += size
	}
	return Decoded{Data: data}, nil
}

func (t *lppType) value(raw []byte) any {
	if t.parts == nil {
		return scaled(number(raw, t.signed), t.divisor)
	}
	parts := make(map[string]any, len(t.parts))
	for i, part := range t.parts {
		parts[part.name] = scaled(number(raw[i*t.size:(i+1)*t.size], t.signed), part.divisor)
	}
	return parts
}

// number reads a big-endian integer of at most 4 bytes.
func number(raw []byte, signed bool) int64 {
	var wide [8]byte
	copy(wide[8-len(raw):], raw)
	n := int64(binary.BigEndian.Uint64(wide[:]))
	if bits := 8 * len(raw); signed && n>>(bits-1) == 1 {
		n -= 1 << bits
	}
	return n
}

// scaled divides; a whole number stays one.
func scaled(n int64, divisor float64) any {
	if divisor == 1 || n%int64(divisor) == 0 {
		return int(n / int64(divisor))
	}
	return float64(n) / divisor
}

// polyline reads a line of places (ElectronicCats/CayenneLPP,
// CayenneLPPPolyline): size, precision, the first place in 3 and 3 bytes, and a
// byte for each further one with its distance in half a byte each.
func polyline(payload []byte, at int) (line []any, size int, err error) {
	const head = 8
	if at >= len(payload) || int(payload[at]) < head || at+int(payload[at]) > len(payload) {
		return nil, 0, codecError(Truncated, "offset %d: the payload ends inside a polyline", at)
	}
	size = int(payload[at])
	factor, ok := polylineFactors[payload[at+1]]
	if !ok {
		return nil, 0, codecError(Unknown, "offset %d: a polyline has no precision %d", at+1, payload[at+1])
	}
	latitude, longitude := number(payload[at+2:at+5], true), number(payload[at+5:at+8], true)
	add := func() {
		line = append(line, map[string]any{"latitude": scaled(latitude, 10000), "longitude": scaled(longitude, 10000)})
	}
	add()
	for _, delta := range payload[at+head : at+size] {
		latitude += int64(int8(delta)>>4) * factor
		longitude += int64(int8(delta<<4)>>4) * factor
		add()
	}
	return line, size, nil
}

// polylineFactors are the steps of a polyline in units of 0.0001 degrees
// (CayenneLPPPolyline.h, Precision).
var polylineFactors = map[byte]int64{
	227: 1, 228: 2, 229: 5, 230: 10, 231: 20, 232: 50, 233: 100, 234: 200, 235: 500, 236: 1000,
	237: 2000, 238: 5000, 239: 10000, 240: 20000, 241: 50000, 242: 100000,
}
