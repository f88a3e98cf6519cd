package codec

import (
	"context"
	"time"
)

// Encoder makes the bytes of a downlink. An Encoder is safe for concurrent use.
type Encoder interface {
	// Encode gives the bytes that tell the device what the downlink holds. The error is
	// an [*Error]; what the script itself reports is in Encoded.Errors.
	Encode(ctx context.Context, in Downlink) (Encoded, error)
}

// Script is a payload formatter that is loaded. Which of both it can do depends on the
// functions that it has.
type Script interface {
	Codec
	Encoder
	// Decodes reports whether it has decodeUplink, Decoder or Decode.
	Decodes() bool
	// Encodes reports whether it has encodeDownlink, Encoder or Encode.
	Encodes() bool
}

// Bounds of a downlink. A LoRaWAN frame carries at most 242 bytes of an application,
// and 222 where a repeater may be on its way; which of them, and how much less, depends
// on the data rate, which the network server knows (RP002-1.0.4, section 2). Ports above
// 223 are not an application's (LoRaWAN 1.0.4, section 4.3.2).
const (
	MaxDownlink     = 242
	MaxDownlinkPort = 223
)

// Downlink is what a device is to be told.
type Downlink struct {
	Data      []byte    // JSON of at most [MaxPayload] bytes: what the script finds as input.data
	Port      int       // LoRaWAN fPort that the sender asks for; 0: none
	Clock     time.Time // what the script's clock shows
	Variables map[string]string
}

// Encoded is what a codec made of a downlink.
type Encoded struct {
	Bytes []byte // at most [MaxDownlink]; none where it has Errors
	Port  int    // LoRaWAN fPort that the codec wants, 1 to [MaxDownlinkPort]; 0: it says none

	Warnings []string
	Errors   []string // the codec's own
}
