package transform

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// decodeCBOR reads CBOR (RFC 8949). Keys that are no texts become such, byte
// strings base64, times (tags 0 and 1) RFC 3339, bignums (tags 2 and 3) numbers;
// of another tag the content counts. NaN and the infinities, which JSON has not,
// are null, and so is undefined.
func decodeCBOR(body []byte, sequence bool) (any, error) {
	if len(body) == 0 {
		return nil, malformed("the body is empty")
	}
	w := cborWalk{text: body}
	var items []any
	for {
		start := w.at
		if err := w.item(0); err != nil {
			return nil, err
		}
		if !sequence && w.at < len(body) {
			return nil, malformed("offset %d: more follows after the value", w.at)
		}
		var value any
		if err := cborMode().Unmarshal(body[start:w.at], &value); err != nil {
			return nil, malformed("offset %d: %v", start, err)
		}
		item, err := cborValue(value)
		if err != nil {
			return nil, err
		}
		if !sequence {
			return item, nil
		}
		if items = append(items, item); w.at == len(body) {
			return items, checkCount(len(items))
		}
	}
}

// cborMode is made when the first CBOR comes.
var cborMode = sync.OnceValue(func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyQuiet, MaxNestedLevels: 4 * mostDepth, MaxArrayElements: mostValues, MaxMapPairs: mostValues,
		DefaultMapType: reflect.TypeFor[map[any]any](), MapKeyByteString: cbor.MapKeyByteStringAllowed,
		UTF8: cbor.UTF8RejectInvalid, TimeTagToAny: cbor.TimeTagToTime, BigIntDec: cbor.BigIntDecodePointer,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
})

// cborValue makes a value of ours of one of the library's.
func cborValue(value any) (any, error) {
	switch value := value.(type) {
	case nil, bool, string:
		return value, nil
	case uint64:
		return json.Number(strconv.FormatUint(value, 10)), nil
	case int64:
		return json.Number(strconv.FormatInt(value, 10)), nil
	case *big.Int:
		return json.Number(value.String()), nil
	case float64:
		return floatNumber(value), nil
	case []byte:
		return base64.StdEncoding.EncodeToString(value), nil
	case time.Time:
		return textOf(value), nil
	case cbor.Tag:
		return cborValue(value.Content)
	case []any:
		for i := range value {
			var err error
			if value[i], err = cborValue(value[i]); err != nil {
				return nil, err
			}
		}
		return value, nil
	case map[any]any:
		object := make(map[string]any, len(value))
		for key, member := range value {
			name, err := cborKey(key)
			if err != nil {
				return nil, err
			}
			if object[name], err = cborValue(member); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return nil, nil // undefined and other simple values
}

func cborKey(key any) (string, error) {
	switch key := key.(type) {
	case string:
		return key, nil
	case cbor.ByteString:
		return base64.StdEncoding.EncodeToString([]byte(key)), nil
	case uint64, int64, bool:
		return fmt.Sprint(key), nil
	case float64:
		return strconv.FormatFloat(key, 'g', -1, 64), nil
	}
	return "", malformed("a map has a key that is neither text nor number")
}

// floatNumber writes a float with the digits that it needs.
func floatNumber(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil
	}
	return json.Number(text)
}

// cborWalk looks through CBOR before it is decoded: the library neither counts
// values nor tells where it stopped.
type cborWalk struct {
	text  []byte
	at    int
	spent budget
}

func (w *cborWalk) short() *Error {
	return malformed("offset %d: unexpected end of CBOR input", len(w.text))
}

// head reads a major type and its argument; size is negative for an indefinite
// length.
func (w *cborWalk) head() (major byte, size int64, err error) {
	if w.at >= len(w.text) {
		return 0, 0, w.short()
	}
	first := w.text[w.at]
	major, info := first>>5, first&31
	switch {
	case info < 24:
		w.at++
		return major, int64(info), nil
	case info < 28:
		n := 1 << (info - 24)
		if w.at+1+n > len(w.text) {
			return 0, 0, w.short()
		}
		var wide [8]byte
		copy(wide[8-n:], w.text[w.at+1:w.at+1+n])
		argument := binary.BigEndian.Uint64(wide[:])
		if argument > math.MaxInt64 {
			if major >= 2 && major <= 5 { // a length; for the rest it does not matter
				return 0, 0, w.short()
			}
			argument = math.MaxInt64
		}
		w.at += 1 + n
		return major, int64(argument), nil
	case info == 31 && (major >= 2 && major <= 5):
		w.at++
		return major, -1, nil
	}
	return 0, 0, malformed("offset %d: 0x%02x begins no CBOR value", w.at, first)
}

const cborBreak = 0xff

// mostBignum bounds a bignum: to write it in decimal takes the square of its
// length.
const mostBignum = 512

func (w *cborWalk) item(depth int) error {
	if depth > mostDepth {
		return malformed("offset %d: nested deeper than %d", w.at, mostDepth)
	}
	if err := w.spent.value(); err != nil {
		return err
	}
	start := w.at
	major, size, err := w.head()
	if err != nil {
		return err
	}
	switch major {
	case 2, 3:
		if size >= 0 {
			return w.skip(size)
		}
		for !w.ends() {
			kind, part, err := w.head()
			if err != nil {
				return err
			}
			if kind != major || part < 0 {
				return malformed("offset %d: a part of another type in a string", w.at)
			}
			if err := w.skip(part); err != nil {
				return err
			}
		}
		return w.closed()
	case 4, 5:
		if err := w.spent.container(); err != nil {
			return err
		}
		if major == 5 && size > 0 {
			size = min(size, math.MaxInt64/2) * 2
		}
		if size > int64(len(w.text)-w.at) { // each takes a byte at least
			return w.short()
		}
		for i := int64(0); i < size || size < 0 && !w.ends(); i++ {
			if err := w.item(depth + 1); err != nil {
				return err
			}
			if size < 0 && major == 5 {
				if w.ends() {
					return malformed("offset %d: a key without a value", w.at)
				}
				if err := w.item(depth + 1); err != nil {
					return err
				}
			}
		}
		if size < 0 {
			return w.closed()
		}
	case 6:
		content := w.at
		if err := w.item(depth + 1); err != nil {
			return err
		}
		if (size == 2 || size == 3) && w.at-content > mostBignum {
			return malformed("offset %d: a bignum of more than %d bytes", start, mostBignum)
		}
	case 7:
		if w.at-start == 2 && size < 32 {
			return malformed("offset %d: not a simple value", start)
		}
	}
	return nil
}

func (w *cborWalk) skip(size int64) error {
	if size > int64(len(w.text)-w.at) {
		return w.short()
	}
	w.at += int(size)
	return nil
}

func (w *cborWalk) ends() bool { return w.at >= len(w.text) || w.text[w.at] == cborBreak }

func (w *cborWalk) closed() error {
	if w.at >= len(w.text) {
		return w.short()
	}
	w.at++
	return nil
}
