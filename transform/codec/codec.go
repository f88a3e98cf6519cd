package codec

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mayfly/transform/codec/ble"
	"mayfly/transform/message"
)

// Codec decodes the payload bytes of a device. A Codec is safe for concurrent
// use.
type Codec interface {
	// Decode gives what the bytes mean. The error is an [*Error].
	Decode(ctx context.Context, in Uplink) (Decoded, error)
}

// Uplink is what a codec works on.
type Uplink struct {
	Bytes     []byte
	Port      int       // LoRaWAN fPort
	Time      time.Time // of receipt; none where it is zero
	Clock     time.Time // what a script's clock shows; where it is zero, Time
	Variables map[string]string
	// Context is what a driver of ThingPark finds in its global array context: values
	// of earlier uplinks of the device. Nothing is kept between uplinks here.
	Context []any
	// Console asks for Decoded.Console.
	Console bool
	// Normalize asks for Decoded.Normalized too, where a script can make it.
	Normalize bool
	// TimeText, where it is set, is what a script is told instead of Time: the
	// examples of the device repository have texts.
	TimeText string
}

// Decoded is what a codec made of an uplink.
//
// Values are those that jq sees. Members that are null or undefined are left
// out, and so are NaN and the infinities, which JSON cannot write.
type Decoded struct {
	Data     map[string]any // nil where the codec gave none
	List     []any          // what it gave instead of an object: what Readings reads, or else with an error
	Warnings []string
	Errors   []string // the codec's own; Data is not to be trusted then
	// Console is what a script has written to its console, the first lines; nil unless asked for. They are there where
	// it fails, too.
	Console []string
	// Normalized holds the measurements in the vocabulary of the LoRaWAN device
	// repository; nil unless asked for.
	Normalized []any
	// NormalizeErrors are of the normalisation alone.
	NormalizeWarnings, NormalizeErrors []string
}

// Failure says how a codec failed.
type Failure string

// The ways to fail.
const (
	Threw     Failure = "threw"     // an exception of the script
	Timeout   Failure = "timeout"   // too slow
	Memory    Failure = "memory"    // too large
	Truncated Failure = "truncated" // the payload ends inside a value
	Unknown   Failure = "unknown"   // the payload has something that the codec does not know
	Result    Failure = "result"    // what came back is not data

	// Unavailable: the script could not be run, and is not at fault. A retry may help.
	Unavailable Failure = "unavailable"
)

// Error is a codec that failed on an uplink.
type Error struct {
	Kind Failure
	Text string
}

func (e *Error) Error() string { return e.Text }

func codecError(kind Failure, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// MaxPayload bounds what a codec is given. LoRaWAN frames have 242 bytes at
// most, satellite messages some kilobytes.
const MaxPayload = 64 << 10

// Engine makes codecs of scripts.
type Engine interface {
	// Load compiles a JavaScript payload formatter. name is that of its file, for
	// messages. The error says what is wrong with the script, or is an [*Error] of
	// kind Unavailable. The script can at least decode or encode.
	Load(name string, script []byte) (Script, error)
}

// Decoding gives a script that was loaded, unless it cannot decode.
func Decoding(s Script, err error) (Codec, error) {
	if err != nil {
		return nil, err
	}
	if !s.Decodes() {
		return nil, errNoEntry
	}
	return s, nil
}

// New makes a codec.
//
//	cayenne            Cayenne Low Power Payload
//	ble, ruuvi, bthome advertisements of Bluetooth sensors
//	sigfox:GRAMMAR     a Sigfox custom payload configuration, as in
//	                   "sigfox:temp::int:16 open::bool:0"
//	javascript, or the name of a .js file
//	                   the script is the source of a payload formatter
func New(spec string, script []byte) (Codec, error) {
	kind, grammar, ok := strings.Cut(spec, ":")
	switch {
	case spec == "cayenne" || spec == "cayennelpp":
		return cayenne{}, nil
	case spec == string(ble.Any) || spec == string(ble.Ruuvi) || spec == string(ble.BTHome):
		return advertisement{ble.Kind(spec)}, nil
	case ok && kind == "sigfox":
		return newSigfox(grammar)
	case script != nil:
		return Decoding(InProcess{}.Load(spec, script))
	case spec == "":
		return nil, errors.New("codec: which one? " + codecNames)
	}
	return nil, fmt.Errorf("codec %s is not known: want %s", message.Quote(spec), codecNames)
}

const codecNames = "cayenne, ble, ruuvi, bthome, sigfox:GRAMMAR, or a JavaScript file"
