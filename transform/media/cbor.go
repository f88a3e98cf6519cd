package media

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"sync"
	"time"

	"mayfly/transform/message"

	"github.com/fxamacker/cbor/v2"
)

// decodeCBOR reads CBOR (RFC 8949). Keys that are not texts become texts, byte
// strings base64, times (tags 0 and 1) RFC 3339, bignums (tags 2 and 3) numbers;
// of another tag the content counts. NaN and the infinities, which JSON does not
// have, are left out; undefined is null.
func decodeCBOR(body []byte, sequence bool, spent budget) (any, error) {
	if len(body) == 0 {
		return nil, message.Malformedf("the body is empty")
	}
	if err := cborSpend(body, &spent); err != nil {
		return nil, err
	}
	var items []any
	for rest := body; len(rest) > 0; {
		offset := len(body) - len(rest)
		var value any
		var err error
		if rest, err = cborMode().UnmarshalFirst(rest, &value); err != nil {
			return nil, cborError(body, offset, err)
		}
		if value, err = cborValue(value, spent.notes); err != nil {
			return nil, err
		}
		if items = append(items, value); !sequence && len(rest) > 0 {
			return nil, message.Malformedf("offset %d: more follows after the value", len(body)-len(rest))
		}
	}
	if !sequence {
		if list, ok := items[0].([]any); ok && !spent.records {
			return list, spent.of().Messages(len(list))
		}
		return items[0], nil
	}
	return items, spent.of().Messages(len(items))
}

// cborSpend counts the values of a body before the library reads them. For a while
// there are two trees of them: the library's and ours.
func cborSpend(body []byte, spent *budget) error {
	values, containers := cborSize(body)
	if values > message.MaxValues || containers > message.MaxContainers {
		values = message.MaxValues + 1 // an error, whatever the room is
	}
	if err := spent.of().Values(values); err != nil {
		return err
	}
	return spent.meter.Bytes(2*len(body) + cborValueBytes*values + cborContainerBytes*containers)
}

// What a value takes in a map of the library and one of ours, and what the maps take.
const (
	cborValueBytes     = 200
	cborContainerBytes = 800
)

func cborError(body []byte, offset int, err error) error {
	if _, ok := errors.AsType[*cbor.MaxNestedLevelError](err); ok {
		return message.Malformedf("offset %d: nested deeper than %d", offset, message.MaxDepth)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return message.Malformedf("offset %d: unexpected end of CBOR input", len(body))
	}
	return message.Malformedf("offset %d: %v", offset, err)
}

// cborSize counts the values of CBOR, and those of them that are arrays or maps,
// before room is made for them. Heads follow one another whatever the nesting is,
// so that none of it has to be known. Of what is not well-formed it counts the
// beginning; the library refuses that.
func cborSize(text []byte) (values, containers int) {
	for at := 0; at < len(text); values++ {
		major, argument := text[at]>>5, uint64(text[at]&31)
		at++
		if argument >= 24 && argument < 28 {
			var wide [8]byte
			width := 1 << (argument - 24)
			if len(text)-at < width {
				return values, containers
			}
			copy(wide[8-width:], text[at:at+width])
			argument, at = binary.BigEndian.Uint64(wide[:]), at+width
		} else if argument == 31 {
			argument = 0 // parts follow that have heads of their own
		}
		switch major {
		case 2, 3:
			if argument > uint64(len(text)-at) {
				return values, containers
			}
			at += int(argument)
		case 4, 5:
			containers++
		}
	}
	return values, containers
}

// cborMode is made when the first CBOR comes.
var cborMode = sync.OnceValue(func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyQuiet, MaxNestedLevels: message.MaxDepth, MaxArrayElements: message.MaxValues, MaxMapPairs: message.MaxValues,
		DefaultMapType: reflect.TypeFor[map[any]any](), MapKeyByteString: cbor.MapKeyByteStringAllowed,
		UTF8: cbor.UTF8RejectInvalid, TimeTagToAny: cbor.TimeTagToTime, BigIntDec: cbor.BigIntDecodePointer,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
})

// maxBignum bounds a bignum in bits: the time to write one in decimal grows faster
// than its length.
const maxBignum = 4096

// cborValue makes a value of ours of one of the library's.
func cborValue(value any, notes *Notes) (any, error) {
	switch value := value.(type) {
	case nil, bool, string:
		return value, nil
	case uint64:
		return json.Number(strconv.FormatUint(value, 10)), nil
	case int64:
		return json.Number(strconv.FormatInt(value, 10)), nil
	case *big.Int:
		if value.BitLen() > maxBignum {
			return nil, message.Malformedf("a bignum has more than %d bits", maxBignum)
		}
		return json.Number(value.String()), nil
	case float64:
		return floatNumber(value), nil
	case []byte:
		return base64.StdEncoding.EncodeToString(value), nil
	case time.Time:
		return textOf(value), nil
	case cbor.Tag:
		return cborValue(value.Content, notes)
	case []any:
		kept := value[:0]
		for i, element := range value {
			if notes.leaveOut(element, i) {
				continue
			}
			element, err := cborValue(element, notes)
			if err != nil {
				return nil, err
			}
			kept = append(kept, element)
		}
		return kept, nil
	case map[any]any:
		object := make(map[string]any, len(value))
		for key, member := range value {
			name, err := cborKey(key)
			if err != nil {
				return nil, err
			}
			if notes.leaveOut(member, name) {
				continue
			}
			if object[name], err = cborValue(member, notes); err != nil {
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
	return "", message.Malformedf("a map has a key that is neither text nor number")
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
