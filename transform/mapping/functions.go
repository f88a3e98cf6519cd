package mapping

import (
	"fmt"
	"html"
	"maps"
	"math/big"
	"strconv"
	"strings"

	"mayfly/transform/mapping/gunzip"
	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// helperFunc is a function of the expressions: its input, its arguments.
type helperFunc func(in any, args []any) (any, error)

// helper is a function that expressions have besides jq's own.
type helper struct {
	name string
	args int
	call helperFunc
}

// helpers lists them. docs/mapping.md shows each. zone is that of times without one.
func helpers(zone message.Zone) []helper {
	list := []helper{
		{"epoch", 0, func(in any, _ []any) (any, error) { return epochOf(in, zone) }},
		{"utc", 0, func(in any, _ []any) (any, error) { return utcOf(in, "", zone) }},
		{"utc", 1, func(in any, args []any) (any, error) {
			how, _ := args[0].(string)
			return utcOf(in, how, zone)
		}},
		{"hex", 0, onBytes(func(b string) (any, error) { return fmt.Sprintf("%x", b), nil })},
		{"unhex", 0, onBytes(unhex)},
		{"b64", 0, onBytes(base64Text)},
		{"b64url", 0, onBytes(base64URLText)},
		{"unb64", 0, onBytes(unbase64)},
		{"unhex_or_b64", 0, onBytes(hexOrBase64)},
		{"unb64_or_hex", 0, onBytes(base64OrHex)},
		{"bytes", 0, onBytes(byteList)}, {"gunzip", 0, onBytes(gunzip.Bytes)},
		{"utf8bytes", 0, utf8Bytes},
		{"bits", 2, bitField},
		{"signed", 1, signExtend},
		{"num", 0, func(in any, _ []any) (any, error) { return NumberOf(in), nil }},
		{"readings", 0, readings},
		{"drop_nulls", 0, func(in any, _ []any) (any, error) { return dropNull(in), nil }},
		{"eui", 0, eui},
		{"device_id", 0, deviceID},
		{"gateway_id", 0, gatewayID},
		{"hz", 0, hertz},
		{"sf", 0, spreadingFactor},
		{"bw", 0, bandwidth},
		{"slug", 0, slug},
		{"dtdl_name", 0, dtdlNameFunc},
		{"omit", 1, omit},
		{"unescape", 0, func(in any, _ []any) (any, error) {
			if text, ok := in.(string); ok {
				return html.UnescapeString(text), nil
			}
			return in, nil
		}},
		{"senml_messages", 0, senMLMessages},
		{"si", 0, siReadings},
		{"si", 1, siNumber},
	}
	for _, width := range []int{1, 2, 3, 4, 8} {
		for _, order := range []string{"be", "le"} {
			big, suffix := order == "be", strconv.Itoa(width*8)+order
			if width == 1 {
				if suffix = "8"; !big {
					continue
				}
			}
			list = append(list, helper{"u" + suffix, 1, reader(width, big, unsigned)},
				helper{"i" + suffix, 1, reader(width, big, signedOf(width*8))})
			switch width {
			case 4:
				list = append(list, helper{"f" + suffix, 1, reader(width, big, float32Of)})
			case 8:
				list = append(list, helper{"f" + suffix, 1, reader(width, big, float64Of)})
			}
		}
	}
	return list
}

// functions gives the helpers to gojq.
func functions(list []helper) []gojq.CompilerOption {
	options := make([]gojq.CompilerOption, len(list))
	for i, h := range list {
		options[i] = gojq.WithFunction(h.name, h.args, h.args, func(in any, args []any) any {
			value, err := h.call(in, args)
			if err != nil {
				return fmt.Errorf("%s: %w", h.name, err)
			}
			return value
		})
	}
	return options
}

func timeText(in any) (string, bool) {
	if text, ok := in.(string); ok {
		return strings.TrimSpace(text), true
	}
	if n, ok := message.NumberText(in); ok {
		return n, true
	}
	return "", false
}

// eui gives an EUI as 16 lower-case hex digits, from hex with or without
// separators or from the base64 of its 8 bytes; null for other values.
func eui(in any, _ []any) (any, error) {
	text, ok := in.(string)
	if !ok || text == "" {
		return nil, nil
	}
	if bytes, err := unhex(text); err == nil && len(bytes.(string)) == 8 {
		return fmt.Sprintf("%x", bytes), nil
	}
	if len(text) == 12 || len(text) == 11 {
		if bytes, err := unbase64(text); err == nil && len(bytes.(string)) == 8 {
			return fmt.Sprintf("%x", bytes), nil
		}
	}
	return nil, nil
}

// slug makes a legal device id of a text: lower case, everything else a hyphen.
func slug(in any, _ []any) (any, error) {
	text, ok := message.ScalarText(in)
	if !ok {
		return nil, nil
	}
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		if r < 0x80 && (message.IsAlphanumeric(byte(r)) || r == '.' || r == '_' || r == ':') {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && s[len(s)-1] != '-' {
			b.WriteByte('-')
		}
	}
	out := strings.Trim(b.String()[:min(b.Len(), 128)], "-._:")
	if out == "" {
		return nil, nil
	}
	return out, nil
}

// dtdlNameFunc makes a legal name of a DTDL content of a text.
func dtdlNameFunc(in any, _ []any) (any, error) {
	text, ok := message.ScalarText(in)
	if !ok {
		return nil, nil
	}
	if name := message.DTDLName(text); name != "" {
		return name, nil
	}
	return nil, nil
}

// omit leaves members out of an object.
func omit(in any, args []any) (any, error) {
	object, ok := in.(map[string]any)
	names, isList := args[0].([]any)
	if !isList {
		return nil, fmt.Errorf("wants an array of names")
	}
	if !ok {
		if in == nil {
			return nil, nil
		}
		return nil, fmt.Errorf("cannot be applied to %s", message.TypeName(in))
	}
	out := make(map[string]any, len(object))
	maps.Copy(out, object)
	for _, name := range names {
		if name, ok := name.(string); ok {
			delete(out, name)
		}
	}
	return out, nil
}

func bigUint(n uint64) *big.Int { return new(big.Int).SetUint64(n) }

func shortest(f float32) float64 {
	exact, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64) // what FormatFloat writes
	return exact
}
