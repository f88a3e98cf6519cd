package ble

import "math"

// sizeOf gives the bytes of a Ruuvi data format (docs.ruuvi.com, "Bluetooth advertisements"); 0 for one that is not
// known.
func sizeOf(format byte) int {
	switch format {
	case 3:
		return 14
	case 5:
		return 24
	case 6:
		return 20
	case 0xe1:
		return 40
	}
	return 0
}

// ruuviField is a value of a Ruuvi data format: size bytes, big-endian, plus base, divided.
type ruuviField struct {
	name          string
	at, size      int
	signed        bool
	base, divisor int64
}

// The names are those that a Ruuvi Gateway gives to decoded values.
var (
	ruuvi3 = [...]ruuviField{
		{"pressure", 4, 2, false, 50000, 1},
		{"accelX", 6, 2, true, 0, 1000}, {"accelY", 8, 2, true, 0, 1000}, {"accelZ", 10, 2, true, 0, 1000},
		{"voltage", 12, 2, false, 0, 1000},
	}
	ruuviClimate = [...]ruuviField{ // of all later ones
		{"temperature", 1, 2, true, 0, 200}, {"humidity", 3, 2, false, 0, 400}, {"pressure", 5, 2, false, 50000, 1},
	}
	ruuvi5 = [...]ruuviField{
		{"accelX", 7, 2, true, 0, 1000}, {"accelY", 9, 2, true, 0, 1000}, {"accelZ", 11, 2, true, 0, 1000},
		{"movementCounter", 15, 1, false, 0, 1}, {"measurementSequenceNumber", 16, 2, false, 0, 1},
	}
	ruuvi6 = [...]ruuviField{{"pm2_5", 7, 2, false, 0, 10}, {"co2", 9, 2, false, 0, 1}}
	ruuviE = [...]ruuviField{
		{"pm1", 7, 2, false, 0, 10}, {"pm2_5", 9, 2, false, 0, 10}, {"pm4", 11, 2, false, 0, 10},
		{"pm10", 13, 2, false, 0, 10}, {"co2", 15, 2, false, 0, 1}, {"luminosity", 19, 3, false, 0, 100},
		{"measurementSequenceNumber", 25, 3, false, 0, 1},
	}
)

func decodeRuuvi(data []byte) (map[string]any, error) {
	if len(data) == 0 {
		return nil, truncated("Ruuvi's data is empty")
	}
	format := data[0]
	size := sizeOf(format)
	switch {
	case format == 8:
		return nil, unknown("Ruuvi's data format 8 is encrypted, and keys are not supported")
	case size == 0:
		return nil, unknown("Ruuvi's data format %d is not known: want 3, 5, 6 or 225 (E1)", format)
	case len(data) < size:
		return nil, truncated("Ruuvi's data format %d has %d bytes, and there are %d", format, size, len(data))
	}
	values := map[string]any{}
	if format == 3 {
		put(values, data, ruuvi3[:], false)
		values["humidity"] = scaled(int64(data[1]), 2)
		celsius := int64(data[2]&0x7f)*100 + int64(data[3]) // a sign, and hundredths
		if data[2]&0x80 != 0 {
			celsius = -celsius
		}
		values["temperature"] = scaled(celsius, 100)
		return values, nil
	}
	put(values, data, ruuviClimate[:], true)
	switch format {
	case 5:
		put(values, data, ruuvi5[:], true)
		power := number(data[13:15], true, false)
		if volts := power >> 5; volts != 2047 {
			values["voltage"] = scaled(volts+1600, 1000)
		}
		if dBm := power & 31; dBm != 31 {
			values["txPower"] = int(dBm*2 - 40)
		}
	case 6:
		put(values, data, ruuvi6[:], true)
		air(values, data[11], data[12], data[16])
		values["measurementSequenceNumber"] = int(data[15])
		if code := data[13]; code != 255 {
			lux := math.Exp(float64(code)*math.Log(65536)/254) - 1
			values["luminosity"] = math.Round(lux*100) / 100
		}
	default:
		put(values, data, ruuviE[:], true)
		air(values, data[17], data[18], data[28])
	}
	return values, nil
}

// put reads fields. With sentinels, the largest unsigned and the smallest signed number are no value.
func put(values map[string]any, data []byte, fields []ruuviField, sentinels bool) {
	for _, f := range fields {
		n := number(data[f.at:f.at+f.size], true, f.signed)
		none := int64(1)<<(8*f.size) - 1
		if f.signed {
			none = -1 << (8*f.size - 1)
		}
		if !sentinels || n != none {
			values[f.name] = scaled(n+f.base, f.divisor)
		}
	}
}

// air reads the two indices of nine bits, whose lowest bits are among the flags, and the flag of the calibration.
func air(values map[string]any, voc, nox, flags byte) {
	if n := int(voc)<<1 | int(flags>>6&1); n != 511 {
		values["voc"] = n
	}
	if n := int(nox)<<1 | int(flags>>7); n != 511 {
		values["nox"] = n
	}
	values["calibrating"] = flags&1 == 1
}
