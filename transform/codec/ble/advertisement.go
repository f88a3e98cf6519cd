package ble

import "fmt"

// Kind says whose advertisements are read.
type Kind string

// The kinds.
const (
	Any    Kind = "ble" // of either
	Ruuvi  Kind = "ruuvi"
	BTHome Kind = "bthome"
)

// Error is an advertisement that cannot be read.
type Error struct {
	Truncated bool // it ends inside a value
	Text      string
}

func (e *Error) Error() string { return e.Text }

func unknown(format string, args ...any) error { return &Error{Text: fmt.Sprintf(format, args...)} }

func truncated(format string, args ...any) error {
	return &Error{Truncated: true, Text: fmt.Sprintf(format, args...)}
}

// Types of the structures of an advertisement (Bluetooth SIG, Assigned Numbers, section 2.3), and whose they are:
// company identifiers and UUIDs are in little-endian order.
const (
	typeServiceData  = 0x16
	typeManufacturer = 0xff

	ruuviCompany = "\x99\x04"
	bthomeUUID   = "\xd2\xfc"
)

// Decode reads an advertisement: whole, or what one of its structures holds from the company identifier or the UUID on,
// or from Ruuvi's data format on, or from BTHome's device information on where kind tells which it is. Temperatures are
// in °C, humidity in %; Ruuvi's pressure in Pa, accelerations in g, voltages in V; BTHome's as its format has them.
// The warnings are about what was left out. The error is an [*Error].
func Decode(payload []byte, kind Kind) (values map[string]any, warnings []string, err error) {
	data, found, walked := find(payload, kind)
	if found == "" {
		data, found = bare(payload, kind)
	}
	switch {
	case found == Ruuvi:
		values, err = decodeRuuvi(data)
		return values, nil, err
	case found == BTHome:
		return decodeBTHome(data)
	case walked != nil:
		return nil, nil, walked
	}
	return nil, nil, unknown("this is not an advertisement with data of %s", map[Kind]string{
		Any: "Ruuvi or BTHome", Ruuvi: "Ruuvi", BTHome: "BTHome",
	}[kind])
}

// find looks through the structures of an advertisement, each a length, a type and data. The error says that one of
// them is cut off.
func find(payload []byte, kind Kind) (data []byte, found Kind, err error) {
	for at := 0; at < len(payload) && payload[at] != 0; {
		size := int(payload[at])
		if at+1+size > len(payload) {
			return nil, "", truncated("the advertisement ends inside the structure at offset %d, of %d bytes", at, size)
		}
		of, content := payload[at+1], payload[at+2:at+1+size]
		if data, found = owner(of, content, kind); found != "" {
			return data, found, nil
		}
		at += 1 + size
	}
	return nil, "", nil
}

// owner tells whose the data of a structure is.
func owner(of byte, content []byte, kind Kind) ([]byte, Kind) {
	if len(content) < 2 {
		return nil, ""
	}
	switch id := string(content[:2]); {
	case of == typeManufacturer && id == ruuviCompany && kind != BTHome:
		return content[2:], Ruuvi
	case of == typeServiceData && id == bthomeUUID && kind != Ruuvi:
		return content[2:], BTHome
	}
	return nil, ""
}

// bare reads a payload that is not a whole advertisement.
func bare(payload []byte, kind Kind) ([]byte, Kind) {
	for _, of := range []byte{typeManufacturer, typeServiceData} {
		if data, found := owner(of, payload, kind); found != "" {
			return data, found
		}
	}
	switch {
	case len(payload) == 0:
	case kind == Ruuvi && sizeOf(payload[0]) > 0:
		return payload, Ruuvi
	case kind == BTHome && payload[0]>>5 == bthomeVersion:
		return payload, BTHome
	}
	return nil, ""
}

// number reads an integer of at most 4 bytes.
func number(raw []byte, big, signed bool) int64 {
	var n int64
	for i := range raw {
		if big {
			n = n<<8 | int64(raw[i])
		} else {
			n = n<<8 | int64(raw[len(raw)-1-i])
		}
	}
	if bits := 8 * len(raw); signed && n>>(bits-1) == 1 {
		n -= 1 << bits
	}
	return n
}

// scaled divides; a whole number stays one.
func scaled(n, divisor int64) any {
	if n%divisor == 0 {
		return int(n / divisor)
	}
	return float64(n) / float64(divisor)
}
