package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DPSTime is the layout of times in the JSON of DPS: seven digits (azure-docs iot-dps-https-sym-key-support.md).
const DPSTime = "2006-01-02T15:04:05.0000000Z"

// Registration statuses of DPS (azure-rest-api-specs DeviceProvisioningServices models.tsp).
const (
	StatusUnassigned = "unassigned"
	StatusAssigning  = "assigning"
	StatusAssigned   = "assigned"
	StatusFailed     = "failed"
	StatusDisabled   = "disabled"
)

// Reply is an answer before it is written: every answer is small, so a fault can still change all of it.
type Reply struct {
	Status int
	Header [][2]string // names spelled as Azure spells them
	Body   []byte
}

// NewJSON returns a reply with a JSON body.
func NewJSON(status int, v any) Reply {
	body, _ := Marshal(v) // v is one of the emulator's own types, which all can be marshaled
	r := Reply{Status: status, Body: body}
	r.Set("Content-Type", "application/json; charset=utf-8")
	return r
}

// Set appends a header.
func (r *Reply) Set(name, value string) { r.Header = append(r.Header, [2]string{name, value}) }

// Replace overwrites a header, or appends it.
func (r *Reply) Replace(name, value string) {
	for i := range r.Header {
		if strings.EqualFold(r.Header[i][0], name) {
			r.Header[i][1] = value
			return
		}
	}
	r.Set(name, value)
}

// SetRetryAfter appends Retry-After as a number of seconds, rounded down: the SDKs do not read dates.
func (r *Reply) SetRetryAfter(d time.Duration) {
	r.Set("Retry-After", strconv.FormatInt(int64(d/time.Second), 10))
}

// NoContent is a hub's success (transcript in azure-docs iot-dps-https-sym-key-support.md).
func NoContent() Reply {
	r := Reply{Status: http.StatusNoContent}
	r.Set("Vary", "Origin")
	r.Set("Server", "Microsoft-HTTPAPI/2.0")
	return r
}

// Marshal is json.Marshal without the escapes for <, > and &.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// RoundUp rounds a duration up to a whole second.
func RoundUp(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
