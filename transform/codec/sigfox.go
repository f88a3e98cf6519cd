package codec

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"mayfly/transform/message"
)

// sigfox decodes payloads by a Sigfox custom payload configuration (Sigfox
// backend, "Custom message type decoding grammar"):
//
//	format    = field { " " field }
//	field     = name ":" [ byte index ] ":" type
//	type      = "bool:" bit | "char:" length | "float:" ( "32" | "64" ) [ ":" endian ]
//	          | ( "uint:" | "int:" ) bits [ ":" [ endian ] [ ":" offset ] ]
//	endian    = "big-endian" | "little-endian"
//
// Without an index a boolean is in the byte that was read last; everything else
// is in the byte after that, or in that byte itself where the field before had a
// bit offset. The offset is the place of the field's first bit in its byte: 7
// is the first, 0 the last. Fields past the end of a payload are left out.
type sigfox []sigfoxField

type sigfoxField struct {
	name   string
	kind   string // bool, char, float, uint, int
	at     int    // byte
	bits   int    // of a number; bytes of a char
	little bool
	offset int // bit that comes first: 7 to 0
}

// Bounds of a grammar: a Sigfox payload has 12 bytes, but the grammar is of use
// elsewhere too.
const (
	maxSigfoxFields = 256
	maxSigfoxIndex  = 4096
)

func newSigfox(grammar string) (Codec, error) {
	texts := strings.Fields(grammar)
	if len(texts) == 0 {
		return nil, fmt.Errorf("sigfox: no fields; want name:index:type, as in temp::int:16")
	}
	if len(texts) > maxSigfoxFields {
		return nil, fmt.Errorf("sigfox: more than %d fields", maxSigfoxFields)
	}
	fields := make(sigfox, 0, len(texts))
	last := -1 // byte that was read last
	shared := false
	for i, text := range texts {
		field, index, err := sigfoxParse(text)
		if err != nil {
			return nil, fmt.Errorf("sigfox: field %d, %q: %w", i+1, text, err)
		}
		switch {
		case index != "":
			field.at, err = strconv.Atoi(index)
			if err != nil || field.at < 0 || field.at > maxSigfoxIndex {
				return nil, fmt.Errorf("sigfox: field %d, %q: %q is not a byte index", i+1, text, index)
			}
		case field.kind == "bool" || shared:
			field.at = max(last, 0)
		default:
			field.at = last + 1
		}
		last = field.at + field.width() - 1
		shared = strings.Count(text, ":") >= 5
		fields = append(fields, field)
	}
	return fields, nil
}

// width is how many bytes a field takes.
func (f *sigfoxField) width() int {
	switch f.kind {
	case "bool":
		return 1
	case "char":
		return f.bits
	}
	return (7 - f.offset + f.bits + 7) / 8
}

func sigfoxParse(text string) (f sigfoxField, index string, err error) {
	parts := strings.Split(text, ":")
	if len(parts) < 4 {
		return f, "", fmt.Errorf("want name:index:type:size")
	}
	f = sigfoxField{name: parts[0], kind: parts[2], offset: 7}
	if !sigfoxName(f.name) {
		return f, "", fmt.Errorf("%q is not a name: want letters, digits, - and _", f.name)
	}
	size, err := strconv.Atoi(parts[3])
	if err != nil {
		return f, "", fmt.Errorf("%q is not a number", parts[3])
	}
	f.bits = size
	most := 4 // parts
	switch f.kind {
	case "bool":
		if size < 0 || size > 7 {
			return f, "", fmt.Errorf("a bool is a bit from 0 to 7, not %d", size)
		}
	case "char":
		if size < 1 || size > maxSigfoxIndex {
			return f, "", fmt.Errorf("a char has 1 to %d bytes, not %d", maxSigfoxIndex, size)
		}
	case "float":
		if size != 32 && size != 64 {
			return f, "", fmt.Errorf("a float has 32 or 64 bits, not %d", size)
		}
		most = 5
	case "int", "uint":
		if size < 1 || size > 64 {
			return f, "", fmt.Errorf("an integer has 1 to 64 bits, not %d", size)
		}
		most = 6
	default:
		return f, "", fmt.Errorf("%q is not a type: want bool, char, float, uint or int", f.kind)
	}
	if len(parts) > most {
		return f, "", fmt.Errorf("%s takes nothing after %q", f.kind, strings.Join(parts[:most], ":"))
	}
	for _, part := range parts[4:] {
		switch {
		case part == "" || part == "big-endian":
		case part == "little-endian":
			f.little = true
		case f.kind != "float" && len(part) == 1 && part >= "0" && part <= "7":
			f.offset = int(part[0] - '0')
		default:
			return f, "", fmt.Errorf("%q is neither little-endian, big-endian nor a bit offset from 0 to 7", part)
		}
	}
	return f, parts[1], nil
}

func sigfoxName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !message.IsAlphanumeric(c) && c != '-' && c != '_' && c != '#' {
			return false
		}
	}
	return true
}

// Decode implements [Codec].
func (s sigfox) Decode(_ context.Context, in Uplink) (Decoded, error) {
	data := make(map[string]any, len(s))
	for i := range s {
		if value := s[i].read(in.Bytes); value != nil {
			data[s[i].name] = value
		}
	}
	return Decoded{Data: data}, nil
}

// read gives a field's value; nil for one past the end, and for a NaN.
func (f *sigfoxField) read(payload []byte) any {
	if f.kind == "char" {
		if f.at >= len(payload) {
			return nil
		}
		raw := payload[f.at:min(f.at+f.bits, len(payload))]
		text := make([]rune, 0, len(raw))
		for _, b := range raw {
			text = append(text, rune(b)) // beyond ASCII: as ISO 8859-1
		}
		return strings.TrimRight(string(text), "\x00")
	}
	if f.at+f.width() > len(payload) {
		return nil
	}
	if f.kind == "bool" {
		return payload[f.at]>>f.bits&1 == 1
	}
	n := f.number(payload[f.at : f.at+f.width()])
	switch f.kind {
	case "float":
		if f.bits == 32 {
			return primitive(float64(math.Float32frombits(uint32(n))))
		}
		return primitive(math.Float64frombits(n))
	case "int":
		shift := 64 - f.bits
		return int(int64(n<<shift) >> shift)
	}
	if n > math.MaxInt64 {
		return new(big.Int).SetUint64(n)
	}
	return int(n)
}

// number gives the bits of a number, from its first bit on.
func (f *sigfoxField) number(raw []byte) uint64 {
	var n uint64
	skip := 7 - f.offset // bits before the first
	for i := range f.bits {
		bit := skip + i
		index := bit / 8
		if f.little {
			index = len(raw) - 1 - index
		}
		n = n<<1 | uint64(raw[index]>>(7-bit%8)&1)
	}
	return n
}
