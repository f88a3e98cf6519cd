package transform

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// filler tells what senders write for "no value".
func filler(text string) bool {
	switch strings.ToLower(text) {
	case "", "null", "nil", "none", "nan", "undefined", "n/a", "--", "---", "--.-", "inf", "+inf", "-inf", "infinity", "-infinity":
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

// numberOf gives a number, or the number that a text is; null for all else, and
// for fillers.
func numberOf(in any) any {
	switch in := in.(type) {
	case string:
		if text := strings.TrimSpace(in); !filler(text) {
			if n, ok := jsonNumber(text); ok {
				return n
			}
		}
		return nil
	case int, float64, *big.Int, json.Number:
		if text, _ := numberText(in); fillerNumber(text) {
			return nil
		}
		return in
	}
	return nil
}

// jsonNumber gives the text of a number as a JSON number with the same digits.
// What begins with zeros is a name, not a number.
func jsonNumber(text string) (json.Number, bool) {
	if text == "" || len(text) > 64 || strings.Trim(text, "0123456789+-.eE") != "" {
		return "", false
	}
	sign, rest := "", text
	switch text[0] {
	case '-':
		sign, rest = "-", text[1:]
	case '+':
		rest = text[1:]
	}
	if strings.HasPrefix(rest, ".") {
		rest = "0" + rest
	}
	whole, after, dot := strings.Cut(rest, ".")
	if dot && (after == "" || after[0] == 'e' || after[0] == 'E') {
		rest = whole + after
	}
	if !json.Valid([]byte(sign+rest)) || rest[0] == '-' {
		return "", false
	}
	return json.Number(sign + rest), true
}

func numberText(in any) (string, bool) {
	switch in := in.(type) {
	case json.Number:
		return in.String(), true
	case int:
		return strconv.Itoa(in), true
	case float64:
		return strconv.FormatFloat(in, 'f', -1, 64), true
	case *big.Int:
		return in.String(), true
	}
	return "", false
}

func scalarText(in any) (string, bool) {
	if text, ok := in.(string); ok {
		return text, true
	}
	if b, ok := in.(bool); ok {
		return strconv.FormatBool(b), true
	}
	return numberText(in)
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
		if n, ok := jsonNumber(text); ok {
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
	return numberOf(in)
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
