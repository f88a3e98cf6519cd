package codecworker

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"mayfly/transform/codec"
	"mayfly/transform/message"
)

// What a worker is asked for.
const (
	opLoad     = iota + 1 // compile a script or an expression
	opRun                 // run a script on an uplink
	opEvaluate            // run an expression on an input
	opEncode              // run a script on a downlink
	opRow                 // a row that the worker asked for
)

// request is what the parent writes. Scripts have numbers that the parent gives
// out, so that it alone decides what a worker holds.
type request struct {
	_      struct{} `cbor:",toarray"`
	Op     int
	Script uint64
	Drop   []uint64 // scripts to forget first, of opLoad
	Name   string   // of opLoad
	Source []byte   // of opLoad
	Uplink *uplink  // of opRun

	Program *program // of opLoad, instead of a source
	Input   []byte   // of opEvaluate: an array of the input and the variables
	Limit   int64    // of opEvaluate, in nanoseconds

	Downlink *downlink // of opEncode

	Busy  bool   // of opRow: nobody can tell at present
	Wrong string // of opRow: what is wrong with the question
}

// downlink is a [codec.Downlink].
type downlink struct {
	_         struct{} `cbor:",toarray"`
	Data      []byte
	Port      int
	Clock     *int64
	Variables map[string]string
}

// uplink is a [codec.Uplink]. Times are milliseconds since 1970, all that a
// script can see of them.
type uplink struct {
	_         struct{} `cbor:",toarray"`
	Bytes     []byte
	Port      int
	Time      *int64
	Clock     *int64
	TimeText  string
	Variables map[string]string
	Normalize bool
	Context   []any
	Console   bool
}

// answer is what a worker writes for each request.
type answer struct {
	_ struct{} `cbor:",toarray"`
	// Kind and Text are of the error; Kind is empty where there is none.
	Kind, Text string
	Decoded    *decoded // of opRun
	// Leaving: the worker ends now, since something of the script may go on.
	Leaving bool

	// Asks is an array of the name of a table and a key: the worker goes on when it has the row. Nothing else is set
	// then.
	Asks []byte
	// Of opEvaluate.
	Values   []byte // an array
	Spent    int64  // nanoseconds
	Failed   bool   // the expression fails: Text and Brief say why, without a Kind
	Brief    string
	NotBytes bool

	Encoded *encoded // of opEncode
	Can     *can     // of opLoad, of a script
}

// can is what a script has functions for.
type can struct {
	_              struct{} `cbor:",toarray"`
	Decode, Encode bool
}

// encoded is a [codec.Encoded].
type encoded struct {
	_                struct{} `cbor:",toarray"`
	Bytes            []byte
	Port             int
	Warnings, Errors []string
}

type decoded struct {
	_                                  struct{} `cbor:",toarray"`
	Data                               map[string]any
	List                               []any
	Warnings, Errors                   []string
	Normalized                         []any
	NormalizeWarnings, NormalizeErrors []string
	Console                            []string
}

// modes are made when the first script comes.
var modes = sync.OnceValue(func() (m struct {
	encode cbor.UserBufferEncMode
	decode cbor.DecMode
}) {
	var err error
	m.encode, err = cbor.EncOptions{BigIntConvert: cbor.BigIntConvertNone}.UserBufferEncMode()
	if err == nil {
		m.decode, err = cbor.DecOptions{
			DefaultMapType: reflect.TypeFor[map[string]any](),
			IntDec:         cbor.IntDecConvertSignedOrFail,
			BigIntDec:      cbor.BigIntDecodePointer,
			// The frame is bounded, and so is what the engine in the worker exports.
			MaxNestedLevels:  message.MaxDepth + 10,
			MaxArrayElements: maxFrame,
			MaxMapPairs:      maxFrame,
		}.DecMode()
	}
	if err != nil {
		panic(err) // the options are constants
	}
	return m
})

// appendFrame writes a request or an answer as a frame.
func appendFrame(buf *bytes.Buffer, message any) ([]byte, error) {
	buf.Reset()
	buf.Write(make([]byte, headerBytes))
	if err := modes().encode.MarshalToBuffer(message, buf); err != nil {
		return nil, err
	}
	return sealFrame(buf.Bytes()), nil
}

func decodeFrame(content []byte, message any) error {
	if err := modes().decode.Unmarshal(content, message); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

func toUplink(in *codec.Uplink) *uplink {
	return &uplink{
		Bytes: in.Bytes, Port: in.Port, Time: toMillis(in.Time), Clock: toMillis(in.Clock), TimeText: in.TimeText,
		Variables: in.Variables, Normalize: in.Normalize, Context: in.Context, Console: in.Console,
	}
}

func (u *uplink) uplink() codec.Uplink {
	return codec.Uplink{
		Bytes: u.Bytes, Port: u.Port, Time: fromMillis(u.Time), Clock: fromMillis(u.Clock), TimeText: u.TimeText,
		Variables: u.Variables, Normalize: u.Normalize, Context: u.Context, Console: u.Console,
	}
}

func toMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	millis := t.UnixMilli()
	return &millis
}

func fromMillis(millis *int64) time.Time {
	if millis == nil {
		return time.Time{}
	}
	return time.UnixMilli(*millis).UTC()
}

func toDecoded(out *codec.Decoded) *decoded {
	return &decoded{
		Data: out.Data, List: out.List, Warnings: out.Warnings, Errors: out.Errors,
		Normalized: out.Normalized, NormalizeWarnings: out.NormalizeWarnings, NormalizeErrors: out.NormalizeErrors,
		Console: out.Console,
	}
}

func (d *decoded) decoded() codec.Decoded {
	if d == nil {
		return codec.Decoded{}
	}
	ownInts(d.Data)
	ownInts(d.List)
	ownInts(d.Normalized)
	return codec.Decoded{
		Data: d.Data, List: d.List, Warnings: d.Warnings, Errors: d.Errors,
		Normalized: d.Normalized, NormalizeWarnings: d.NormalizeWarnings, NormalizeErrors: d.NormalizeErrors,
		Console: d.Console,
	}
}

// ownInts makes the int of jq of the int64 of CBOR, in place.
func ownInts(value any) any {
	switch value := value.(type) {
	case int64:
		return int(value)
	case map[string]any:
		for name, member := range value {
			switch member.(type) {
			case int64, map[string]any, []any:
				value[name] = ownInts(member)
			}
		}
	case []any:
		for i, item := range value {
			value[i] = ownInts(item)
		}
	}
	return value
}
