package mapping

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// filler tells what senders write for "no value".
func filler(text string) bool {
	switch strings.ToLower(text) {
	case "", "null", "nil", "none", "nan", "undefined", "n/a", "--", "---", "--.-",
		"inf", "+inf", "-inf", "infinity", "-infinity":
		return true
	}
	return fillerNumber(text)
}

// fillerNumber tells the numbers that weather stations write for "no value".
func fillerNumber(text string) bool {
	if !strings.HasPrefix(text, "-99") {
		return false
	}
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && (n == -999 || n == -9999 || n == -99999 || n == -999.9 || n == -9999.9 || n == -9999.99)
}

// NumberOf gives a number, or the number that a text is; null for all else, and
// for fillers.
func NumberOf(in any) any {
	switch in := in.(type) {
	case string:
		if text := strings.TrimSpace(in); !filler(text) {
			if n, ok := message.ParseNumber(text); ok {
				return n
			}
		}
		return nil
	case int, float64, *big.Int, json.Number:
		if text, _ := message.NumberText(in); fillerNumber(text) {
			return nil
		}
		return in
	}
	return nil
}

// readings cleans what form and query senders write: numeric texts become
// numbers, true and false booleans, and fillers vanish. Empty objects go, too.
func readings(in any, _ []any) (any, error) { return cleaned(in), nil }

func cleaned(in any) any {
	switch in := in.(type) {
	case string:
		text := strings.TrimSpace(in)
		if filler(text) {
			return nil
		}
		if n, ok := message.ParseNumber(text); ok {
			return n
		}
		switch text {
		case "true", "True", "TRUE":
			return true
		case "false", "False", "FALSE":
			return false
		}
		return in
	case map[string]any:
		out := make(map[string]any, len(in))
		for name, value := range in {
			if value = cleaned(value); value != nil {
				out[name] = value
			}
		}
		return out
	case []any:
		out := make([]any, len(in))
		for i, value := range in {
			out[i] = cleaned(value)
		}
		return out
	case bool, nil:
		return in
	}
	return NumberOf(in)
}

// dropNull takes the members that are null out of objects, at any depth.
func dropNull(in any) any {
	switch in := in.(type) {
	case map[string]any:
		out := make(map[string]any, len(in))
		for name, value := range in {
			if value != nil {
				out[name] = dropNull(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(in))
		for i, value := range in {
			out[i] = dropNull(value)
		}
		return out
	}
	return in
}

func base64Text(b string) (any, error) { return base64.StdEncoding.EncodeToString([]byte(b)), nil }

func base64URLText(b string) (any, error) {
	return base64.RawURLEncoding.EncodeToString([]byte(b)), nil
}

// floatOf gives a number as a float64.
func floatOf(in any) (float64, bool) { return gojq.ToFloat64(in) }
