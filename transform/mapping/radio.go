package mapping

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"mayfly/transform/message"
)

// deviceID gives a text or a number that is a legal device id; null for others.
func deviceID(in any, _ []any) (any, error) {
	text, ok := message.ScalarText(in)
	if text = strings.TrimSpace(text); !ok || !message.ValidDeviceID(text) || in == true || in == false {
		return nil, nil
	}
	return text, nil
}

// hertz gives a frequency in Hz. Network servers write MHz or Hz.
func hertz(in any, _ []any) (any, error) {
	n, ok := floatOf(NumberOf(in))
	if !ok || n <= 0 || n > 1e16 {
		return nil, nil
	}
	for n > 1e11 { // Orbiwise has been seen to write uHz
		n /= 1e3
	}
	if n < 1e6 {
		n *= 1e6
	}
	return json.Number(strconv.FormatFloat(math.Round(n), 'f', 0, 64)), nil
}

// dataRate reads "SF7BW125", "SF10 BW125 4/5" and the like.
func dataRate(text, mark string) (string, bool) {
	_, rest, ok := strings.Cut(strings.ToUpper(text), mark)
	if !ok {
		return "", false
	}
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	return rest[:end], end > 0
}

// spreadingFactor gives 7 for "SF7BW125", "SF7", "7" and 7.
func spreadingFactor(in any, _ []any) (any, error) {
	if text, ok := in.(string); ok {
		if sf, ok := dataRate(text, "SF"); ok {
			return json.Number(sf), nil
		}
	}
	return NumberOf(in), nil
}

// bandwidth gives 125000 for "SF7BW125", 125 and 125000.
func bandwidth(in any, _ []any) (any, error) {
	value := NumberOf(in)
	if text, ok := in.(string); ok {
		if bw, ok := dataRate(text, "BW"); ok {
			value = json.Number(bw)
		}
	}
	n, ok := floatOf(value)
	if !ok || n <= 0 {
		return nil, nil
	}
	if n < 1e4 {
		n *= 1e3
	}
	return json.Number(strconv.FormatFloat(math.Round(n), 'f', 0, 64)), nil
}

// gatewayID gives an EUI in its one form, and any other name as it is.
func gatewayID(in any, args []any) (any, error) {
	if id, _ := eui(in, args); id != nil {
		return id, nil
	}
	text, ok := message.ScalarText(in)
	if !ok || text == "" {
		return nil, nil
	}
	return text, nil
}
