package ble

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

const bthomeVersion = 2

// object is a value of BTHome (bthome.io/format): size bytes, little-endian, times factor, divided. Objects of 0 bytes
// have their length before them.
type object struct {
	id              byte
	name            string
	size            int
	signed          bool
	factor, divisor int64
	truth           bool // on or off
}

// objects are in the order of their ids. The array needs no initialization at the start.
var objects = [...]object{
	{0x00, "packetId", 1, false, 1, 1, false}, {0x01, "battery", 1, false, 1, 1, false},
	{0x02, "temperature", 2, true, 1, 100, false}, {0x03, "humidity", 2, false, 1, 100, false},
	{0x04, "pressure", 3, false, 1, 100, false}, {0x05, "illuminance", 3, false, 1, 100, false},
	{0x06, "mass", 2, false, 1, 100, false}, {0x07, "massLb", 2, false, 1, 100, false},
	{0x08, "dewPoint", 2, true, 1, 100, false}, {0x09, "count", 1, false, 1, 1, false},
	{0x0a, "energy", 3, false, 1, 1000, false}, {0x0b, "power", 3, false, 1, 100, false},
	{0x0c, "voltage", 2, false, 1, 1000, false}, {0x0d, "pm2_5", 2, false, 1, 1, false},
	{0x0e, "pm10", 2, false, 1, 1, false}, {0x0f, "on", 1, false, 1, 1, true},
	{0x10, "powerOn", 1, false, 1, 1, true}, {0x11, "opening", 1, false, 1, 1, true},
	{0x12, "co2", 2, false, 1, 1, false}, {0x13, "tvoc", 2, false, 1, 1, false},
	{0x14, "moisture", 2, false, 1, 100, false}, {0x15, "batteryLow", 1, false, 1, 1, true},
	{0x16, "batteryCharging", 1, false, 1, 1, true}, {0x17, "carbonMonoxide", 1, false, 1, 1, true},
	{0x18, "cold", 1, false, 1, 1, true}, {0x19, "connected", 1, false, 1, 1, true},
	{0x1a, "door", 1, false, 1, 1, true}, {0x1b, "garageDoor", 1, false, 1, 1, true},
	{0x1c, "gasDetected", 1, false, 1, 1, true}, {0x1d, "heat", 1, false, 1, 1, true},
	{0x1e, "light", 1, false, 1, 1, true}, {0x1f, "unlocked", 1, false, 1, 1, true},
	{0x20, "wet", 1, false, 1, 1, true}, {0x21, "motion", 1, false, 1, 1, true},
	{0x22, "moving", 1, false, 1, 1, true}, {0x23, "occupancy", 1, false, 1, 1, true},
	{0x24, "plug", 1, false, 1, 1, true}, {0x25, "presence", 1, false, 1, 1, true},
	{0x26, "problem", 1, false, 1, 1, true}, {0x27, "running", 1, false, 1, 1, true},
	{0x28, "safe", 1, false, 1, 1, true}, {0x29, "smoke", 1, false, 1, 1, true},
	{0x2a, "sound", 1, false, 1, 1, true}, {0x2b, "tamper", 1, false, 1, 1, true},
	{0x2c, "vibration", 1, false, 1, 1, true}, {0x2d, "window", 1, false, 1, 1, true},
	{0x2e, "humidity", 1, false, 1, 1, false}, {0x2f, "moisture", 1, false, 1, 1, false},
	{idButton, "button", 1, false, 1, 1, false}, {idCommand, "command", 0, false, 1, 1, false},
	{idDimmer, "dimmer", 2, false, 1, 1, false}, {0x3d, "count", 2, false, 1, 1, false},
	{0x3e, "count", 4, false, 1, 1, false}, {0x3f, "rotation", 2, true, 1, 10, false},
	{0x40, "distance", 2, false, 1, 1, false}, {0x41, "distanceM", 2, false, 1, 10, false},
	{0x42, "duration", 3, false, 1, 1000, false}, {0x43, "current", 2, false, 1, 1000, false},
	{0x44, "speed", 2, false, 1, 100, false}, {0x45, "temperature", 2, true, 1, 10, false},
	{0x46, "uvIndex", 1, false, 1, 10, false}, {0x47, "volume", 2, false, 1, 10, false},
	{0x48, "volumeMl", 2, false, 1, 1, false}, {0x49, "volumeFlowRate", 2, false, 1, 1000, false},
	{0x4a, "voltage", 2, false, 1, 10, false}, {0x4b, "gas", 3, false, 1, 1000, false},
	{0x4c, "gas", 4, false, 1, 1000, false}, {0x4d, "energy", 4, false, 1, 1000, false},
	{0x4e, "volume", 4, false, 1, 1000, false}, {0x4f, "water", 4, false, 1, 1000, false},
	{0x50, "timestamp", 4, false, 1, 1, false}, {0x51, "acceleration", 2, false, 1, 1000, false},
	{0x52, "gyroscope", 2, false, 1, 1000, false}, {idText, "text", 0, false, 1, 1, false},
	{idRaw, "raw", 0, false, 1, 1, false}, {0x55, "volumeStorage", 4, false, 1, 1000, false},
	{0x56, "conductivity", 2, false, 1, 1, false}, {0x57, "temperature", 1, true, 1, 1, false},
	{0x58, "temperature", 1, true, 35, 100, false}, {0x59, "count", 1, true, 1, 1, false},
	{0x5a, "count", 2, true, 1, 1, false}, {0x5b, "count", 4, true, 1, 1, false},
	{0x5c, "power", 4, true, 1, 100, false}, {0x5d, "current", 2, true, 1, 1000, false},
	{0x5e, "direction", 2, false, 1, 100, false}, {0x5f, "precipitation", 2, false, 1, 10, false},
	{0x60, "channel", 1, false, 1, 1, false}, {0x61, "rotationalSpeed", 2, false, 1, 1, false},
	{0x62, "speed", 4, true, 1, 1000000, false}, {0x63, "acceleration", 4, true, 1, 1000000, false},
	{0x64, "lightLevel", 1, false, 1, 1, false}, {0x65, "settingsRevision", 1, false, 1, 1, false},
	{0xf0, "deviceType", 2, false, 1, 1, false}, {idFirmware, "firmware", 4, false, 1, 1, false},
	{idShortFirmware, "firmware", 3, false, 1, 1, false},
}

// The objects that are no plain numbers.
const (
	idButton        = 0x3a
	idCommand       = 0x3b
	idDimmer        = 0x3c
	idText          = 0x53
	idRaw           = 0x54
	idFirmware      = 0xf1
	idShortFirmware = 0xf2
)

// decodeBTHome reads the service data from the device information on. What follows an object that is not known cannot
// be read, as its length is not: objects are in the order of their ids, so it is what a later version has.
func decodeBTHome(data []byte) (values map[string]any, warnings []string, err error) {
	switch {
	case len(data) == 0:
		return nil, nil, truncated("BTHome's data is empty")
	case data[0]>>5 != bthomeVersion:
		return nil, nil, unknown("BTHome's version %d is not known: want 2", data[0]>>5)
	case data[0]&1 == 1:
		return nil, nil, unknown("BTHome's data is encrypted, and keys are not supported: turn the encryption off")
	}
	values = map[string]any{}
	seen := map[string]int{}
	for at := 1; at < len(data); {
		o := objectOf(data[at])
		if o == nil {
			warning := fmt.Sprintf("BTHome's object 0x%02x is not known: it and what follows was left out", data[at])
			if len(values) == 0 {
				return nil, nil, unknown("%s", warning)
			}
			return values, []string{warning}, nil
		}
		content, next, ok := o.content(data, at+1)
		if !ok {
			return nil, nil, truncated("BTHome's data ends inside the %s at offset %d", o.name, at)
		}
		at = next
		name := o.name
		if seen[name]++; seen[name] > 1 { // several of a kind are told apart by their order
			name += "_" + strconv.Itoa(seen[o.name])
		}
		if value := o.value(content); value != nil {
			values[name] = value
		}
	}
	return values, nil, nil
}

func objectOf(id byte) *object {
	for i := range objects {
		if objects[i].id == id {
			return &objects[i]
		}
	}
	return nil
}

// content gives the bytes of an object, and where the next one begins.
func (o *object) content(data []byte, at int) (content []byte, next int, ok bool) {
	size := o.size
	if size == 0 {
		if at >= len(data) {
			return nil, 0, false
		}
		size = int(data[at])
		at++
		if o.id == idCommand { // the length is that of the arguments
			size++
		}
	}
	if at+size > len(data) {
		return nil, 0, false
	}
	return data[at : at+size], at + size, true
}

// value gives what an object says; nil for an event that is none.
func (o *object) value(raw []byte) any {
	switch {
	case o.truth:
		return raw[0] != 0
	case o.id == idButton:
		return event(int(raw[0]), map[int]string{
			0: "", 1: "press", 2: "double_press", 3: "triple_press", 4: "long_press", 5: "long_double_press",
			6: "long_triple_press", 0x80: "hold_press",
		})
	case o.id == idCommand:
		value := event(int(raw[0]), map[int]string{0: "off", 1: "on", 2: "toggle", 3: "step_up", 4: "step_down"})
		if len(raw) == 2 {
			return map[string]any{"name": value, "steps": int(raw[1])}
		}
		return value
	case o.id == idDimmer:
		switch raw[0] {
		case 0:
			return nil
		case 1: // to the left
			return -int(raw[1])
		}
		return int(raw[1])
	case o.id == idText && utf8.Valid(raw):
		return string(raw)
	case o.size == 0:
		return fmt.Sprintf("%x", raw)
	case o.id == idFirmware:
		return fmt.Sprintf("%d.%d.%d.%d", raw[3], raw[2], raw[1], raw[0])
	case o.id == idShortFirmware:
		return fmt.Sprintf("%d.%d.%d", raw[2], raw[1], raw[0])
	}
	return scaled(number(raw, false, o.signed)*o.factor, o.divisor)
}

// event names an event; nil for that which says that there was none, and the number of one that is not known.
func event(n int, names map[int]string) any {
	name, ok := names[n]
	switch {
	case !ok:
		return strconv.Itoa(n)
	case name == "":
		return nil
	}
	return name
}
