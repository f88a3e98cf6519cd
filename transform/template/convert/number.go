package convert

import (
	"math"
	"strconv"
	"strings"

	"mayfly/transform/template/dtdl"
)

// maxDigits bounds a number that is written without its exponent.
const maxDigits = 400

// decimal is a number as its digits: 0.digits * 10^point.
type decimal struct {
	negative bool
	digits   string // without zeros at either end; empty for zero
	point    int
}

// parseDecimal reads a JSON number.
func parseDecimal(literal string) (d decimal, ok bool) {
	literal, d.negative = strings.CutPrefix(literal, "-")
	mantissa, exponent := literal, 0
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		n, err := strconv.Atoi(literal[i+1:])
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return d, false
		}
		mantissa, exponent = literal[:i], n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d.point = len(whole) + exponent - (len(whole) + len(fraction) - len(digits))
	d.digits = strings.TrimRight(digits, "0")
	if d.digits == "" {
		d.point = 0
	}
	return d, true
}

// integer writes a number without point and exponent, where it is whole.
func (d decimal) integer() (string, bool) {
	switch {
	case d.digits == "":
		return "0", true
	case d.point < len(d.digits) || d.point > maxDigits:
		return "", false
	}
	text := d.digits + strings.Repeat("0", d.point-len(d.digits))
	if d.negative {
		text = "-" + text
	}
	return text, true
}

// plain writes a number without its exponent.
func plain(literal string) (string, bool) {
	if !strings.ContainsAny(literal, "eE") {
		return literal, len(literal) <= maxDigits
	}
	d, ok := parseDecimal(literal)
	if !ok || d.point > maxDigits || d.point < -maxDigits || len(d.digits) > maxDigits {
		return "", false
	}
	if text, whole := d.integer(); whole {
		return text, true
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	if d.point <= 0 {
		return sign + "0." + strings.Repeat("0", -d.point) + d.digits, true
	}
	return sign + d.digits[:d.point] + "." + d.digits[d.point:], true
}

// limits are the least and the greatest value of a kind of integer.
type limits struct{ negative, positive string }

// The ranges of the integers (DTDL v4, "Primitive schema").
var ranges = map[dtdl.Kind]limits{
	dtdl.Byte:            {"128", "127"},
	dtdl.Short:           {"32768", "32767"},
	dtdl.Integer:         {"2147483648", "2147483647"},
	dtdl.Long:            {"9223372036854775808", "9223372036854775807"},
	dtdl.UnsignedByte:    {"0", "255"},
	dtdl.UnsignedShort:   {"0", "65535"},
	dtdl.UnsignedInteger: {"0", "4294967295"},
	dtdl.UnsignedLong:    {"0", "18446744073709551615"},
}

// inside reports whether a whole number, written without point and exponent, is in
// a range.
func (l limits) inside(text string) bool {
	limit := l.positive
	if text[0] == '-' {
		text, limit = text[1:], l.negative
	}
	return len(text) < len(limit) || len(text) == len(limit) && text <= limit
}

// String returns the range for a hint.
func (l limits) String() string {
	if l.negative == "0" {
		return "0 to " + l.positive
	}
	return "-" + l.negative + " to " + l.positive
}

// isWhole reports whether a JSON number is written without point and exponent.
func isWhole(literal []byte) bool {
	for _, c := range literal {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

// finite reports whether a JSON number is in the range of a float or double.
func finite(literal []byte, bits int) bool {
	if len(literal) <= 30 && isFixed(literal) { // below 1e30
		return true
	}
	_, err := strconv.ParseFloat(string(literal), bits)
	return err == nil
}

func isFixed(literal []byte) bool {
	for _, c := range literal {
		if c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

// numberIn reads the number that a string holds and writes it in JSON, with the
// same digits. What a number is not: NaN, Infinity, hexadecimal, a comma for the
// point, a unit behind it.
func numberIn(text string) (string, bool) {
	text = strings.TrimSpace(text)
	sign := ""
	switch {
	case strings.HasPrefix(text, "-"):
		sign, text = "-", text[1:]
	case strings.HasPrefix(text, "+"):
		text = text[1:]
	}
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i:]
		digits := strings.TrimLeft(exponent[1:], "+-")
		if signs := len(exponent) - 1 - len(digits); signs > 1 || digits == "" || !allDigits(digits) {
			return "", false
		}
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return "", false
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if point && fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction + exponent, true
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
