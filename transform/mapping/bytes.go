package mapping

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"mayfly/transform/mapping/hexdigits"
	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// In expressions, bytes are a string whose characters are the bytes, or an array
// of numbers from 0 to 255; what gives bytes gives a string.

// bytesOf reads bytes in either form.
func bytesOf(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case []any:
		var b strings.Builder
		for _, element := range value {
			n, ok := gojq.ToFloat64(element)
			if !ok || n < 0 || n > 255 || n != math.Trunc(n) {
				return "", fmt.Errorf("%s is not a byte", gojq.Preview(element))
			}
			b.WriteByte(byte(n))
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("bytes are a string or an array, not %s", message.TypeName(value))
}

// onBytes makes a helper of a function over bytes; null gives null.
func onBytes(f func(bytes string) (any, error)) helperFunc {
	return func(in any, _ []any) (any, error) {
		if in == nil {
			return nil, nil
		}
		bytes, err := bytesOf(in)
		if err != nil {
			return nil, err
		}
		return f(bytes)
	}
}

// without takes the signs out of a text that has some of them.
func without(text, signs string) string {
	if !strings.ContainsAny(text, signs) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return -1
		}
		return r
	}, text)
}

// unhex reads hex digits as people and devices write them.
func unhex(text string) (any, error) {
	bytes, err := hexdigits.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not hex: %w", gojq.Preview(text), err)
	}
	return string(bytes), nil
}

// unbase64 reads the standard and the URL alphabet, padded or not.
func unbase64(text string) (any, error) {
	plain := without(text, " \n\r")
	if strings.ContainsAny(plain, "-_") {
		plain = strings.ReplaceAll(strings.ReplaceAll(plain, "-", "+"), "_", "/")
	}
	bytes, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
	if err != nil {
		return nil, fmt.Errorf("%s is not base64: %w", gojq.Preview(text), err)
	}
	return string(bytes), nil
}

// hexOrBase64 and base64OrHex read the bytes of senders that let their users
// choose, hex and base64 being what is usual. Every hex text of the right length
// is base64, too; but only a short base64 text looks like hex by chance.
func hexOrBase64(text string) (any, error) {
	if bytes, err := unhex(text); err == nil {
		return bytes, nil
	}
	return unbase64(text)
}

func base64OrHex(text string) (any, error) {
	if len(text) >= 12 && (strings.ToLower(text) == text || strings.ToUpper(text) == text) {
		return hexOrBase64(text)
	}
	if bytes, err := unbase64(text); err == nil {
		return bytes, nil
	}
	return unhex(text)
}

// utf8Bytes takes the characters of a text for bytes, as UTF-8.
func utf8Bytes(in any, _ []any) (any, error) {
	if _, ok := in.(string); ok || in == nil {
		return in, nil
	}
	return nil, fmt.Errorf("wants a text, not %s", message.TypeName(in))
}

func byteList(bytes string) (any, error) {
	list := make([]any, len(bytes))
	for i := range len(bytes) {
		list[i] = int(bytes[i])
	}
	return list, nil
}

// reader makes the helper that reads a number of width bytes at an offset. What
// lies behind the end is null: devices leave trailing fields out.
func reader(width int, big bool, read func(uint64) any) helperFunc {
	return func(in any, args []any) (any, error) {
		offset, ok := gojq.ToInt(args[0])
		if !ok {
			return nil, fmt.Errorf("the offset is a number, not %s", message.TypeName(args[0]))
		}
		if in == nil {
			return nil, nil
		}
		bytes, err := bytesOf(in)
		if err != nil {
			return nil, err
		}
		if offset < 0 {
			offset += len(bytes)
		}
		if offset < 0 || offset+width > len(bytes) {
			return nil, nil
		}
		var word [8]byte
		field := bytes[offset : offset+width]
		if big {
			copy(word[8-width:], field)
			return read(binary.BigEndian.Uint64(word[:])), nil
		}
		copy(word[:], field)
		return read(binary.LittleEndian.Uint64(word[:])), nil
	}
}

// unsigned keeps integers that an int cannot hold.
func unsigned(n uint64) any {
	if n <= math.MaxInt64 {
		return int(n)
	}
	return bigUint(n)
}

func signedOf(width int) func(uint64) any {
	return func(n uint64) any { return int(int64(n<<(64-width)) >> (64 - width)) }
}

func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil // JSON has no such number; devices mean "none" by it
	}
	return f
}

// float32Of gives the shortest decimal that means the same float32.
func float32Of(n uint64) any { return finite(shortest(math.Float32frombits(uint32(n)))) }

func float64Of(n uint64) any { return finite(math.Float64frombits(n)) }

// bitField reads count bits from an offset: of bytes the most significant bit of
// the first byte is bit 0, of a number the least significant one.
func bitField(in any, args []any) (any, error) {
	from, ok1 := gojq.ToInt(args[0])
	count, ok2 := gojq.ToInt(args[1])
	if !ok1 || !ok2 || from < 0 || count < 1 || count > 64 {
		return nil, fmt.Errorf("bits wants an offset and a count from 1 to 64")
	}
	if in == nil {
		return nil, nil
	}
	if n, ok := gojq.ToInt(in); ok {
		if from+count > 64 {
			return nil, fmt.Errorf("a number has 64 bits")
		}
		return unsigned(uint64(n) >> from & (math.MaxUint64 >> (64 - count))), nil
	}
	bytes, err := bytesOf(in)
	if err != nil {
		return nil, err
	}
	if from+count > len(bytes)*8 {
		return nil, nil
	}
	var n uint64
	for i := from; i < from+count; i++ {
		n = n<<1 | uint64(bytes[i/8]>>(7-i%8)&1)
	}
	return unsigned(n), nil
}

// signExtend reads a number of some bits as two's complement.
func signExtend(in any, args []any) (any, error) {
	width, ok := gojq.ToInt(args[0])
	if !ok || width < 1 || width > 64 {
		return nil, fmt.Errorf("signed wants a width from 1 to 64")
	}
	if in == nil {
		return nil, nil
	}
	n, ok := gojq.ToInt(in)
	if !ok {
		return nil, fmt.Errorf("signed wants a number, not %s", message.TypeName(in))
	}
	return signedOf(width)(uint64(n)), nil
}
