package convert

import (
	"strings"

	"mayfly/internal/jsonscan"
	"mayfly/transform/template/dtdl"
)

// Value compares a value with a schema. It returns nil where the value fits or
// cannot be made to, else the text that fits in its place. raw must be valid
// JSON without white space around it.
func (w *Walk) Value(s *dtdl.Schema, raw []byte) []byte {
	kind := jsonscan.KindOf(raw)
	switch k := s.Kind; k {
	case dtdl.Any:
		return nil
	case dtdl.Boolean:
		if kind == jsonscan.Boolean {
			return nil
		}
		return w.offer(s, kind, RuleType, boolean(kind, raw))
	case dtdl.Byte, dtdl.Short, dtdl.Integer, dtdl.Long,
		dtdl.UnsignedByte, dtdl.UnsignedShort, dtdl.UnsignedInteger, dtdl.UnsignedLong:
		return w.integer(s, kind, raw)
	case dtdl.Float, dtdl.Double:
		return w.float(s, kind, raw)
	case dtdl.Decimal:
		return w.text(s, kind, raw, isDecimal, decimalText)
	case dtdl.String:
		return w.text(s, kind, raw, anyText, nil)
	case dtdl.UUID:
		return w.text(s, kind, raw, isUUID, nil)
	case dtdl.Bytes:
		return w.text(s, kind, raw, isBase64, nil)
	case dtdl.Date:
		return w.text(s, kind, raw, isDate, dateText)
	case dtdl.DateTime:
		return w.text(s, kind, raw, isDateTime, dateTimeText)
	case dtdl.Time:
		return w.text(s, kind, raw, isTime, timeText)
	case dtdl.Duration:
		return w.text(s, kind, raw, isDuration, durationText)
	case dtdl.Enum:
		return w.enum(s, kind, raw)
	case dtdl.Geopoint:
		return w.geopoint(s, kind, raw)
	case dtdl.Point:
		return w.point(s, kind, raw)
	case dtdl.Vector:
		return w.fixed(s, kind, raw, vectorMembers)
	case dtdl.Array:
		return w.array(s, kind, raw)
	case dtdl.Map, dtdl.Object:
		return w.members(s, kind, raw)
	default:
		return w.geometry(s, kind, raw)
	}
}

// offer notes that a value does not fit, and returns what would in its place.
func (w *Walk) offer(s *dtdl.Schema, kind jsonscan.Kind, rule, replacement string) []byte {
	fixable := replacement != ""
	switch {
	case w.Silent(rule, fixable):
		w.Add(rule, fixable)
	case rule == RuleFormat:
		w.Add(rule, fixable, "want ", s.Describe(), ", ", forms[s.Kind])
	default:
		w.Add(rule, fixable, "want ", s.Describe(), ", got ", kind.String())
	}
	if !fixable {
		return nil
	}
	return []byte(replacement)
}

// forms describe the strings of a schema, for a hint.
var forms = map[dtdl.Kind]string{
	dtdl.Decimal:  `as in "-12.50"`,
	dtdl.UUID:     `as in "00a185be-a3a4-465a-9dac-cfa24bc7b923"`,
	dtdl.Bytes:    `base64 with its padding, as in "SGVsbG8="`,
	dtdl.Date:     `as in "2026-01-31"`,
	dtdl.DateTime: `RFC 3339, as in "2026-01-31T08:30:00Z"`,
	dtdl.Time:     `RFC 3339 with an offset, as in "08:30:00Z"`,
	dtdl.Duration: `ISO 8601, as in "PT90S"`,
}

// text compares a value with a schema whose values are strings. convert, which
// may be nil, writes a number or a string as such a string, or returns "".
func (w *Walk) text(
	s *dtdl.Schema, kind jsonscan.Kind, raw []byte, fits func(string) bool, convert func(string) string,
) []byte {
	rule := RuleType
	text := string(raw)
	if kind == jsonscan.String {
		if s.Kind == dtdl.String {
			return nil
		}
		text, _ = jsonscan.Text(raw)
		if fits(text) {
			return nil
		}
		rule = RuleFormat
	}
	if convert == nil || kind != jsonscan.String && kind != jsonscan.Number {
		return w.offer(s, kind, rule, "")
	}
	if kind == jsonscan.String && s.Kind == dtdl.Decimal {
		return w.offer(s, kind, rule, "") // a number that a decimal may not be written as
	}
	replacement := convert(text)
	if replacement != "" {
		replacement = `"` + replacement + `"`
	}
	return w.offer(s, kind, rule, replacement)
}

func (w *Walk) integer(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	limits := ranges[s.Kind]
	if kind == jsonscan.Number && isWhole(raw) {
		if len(raw) < len(limits.positive) && (raw[0] != '-' || limits.negative != "0") || limits.inside(string(raw)) {
			return nil
		}
		w.Add(RuleRange, false, "want ", s.Kind.String(), ", ", limits.String())
		return nil
	}
	literal, ok := number(kind, raw)
	if !ok {
		return w.offer(s, kind, RuleType, "")
	}
	d, ok := parseDecimal(literal)
	whole, isInteger := d.integer()
	switch {
	case ok && d.point < len(d.digits):
		w.Add(RuleType, false, "want ", s.Kind.String(), ", got a number with a fraction")
		return nil
	case !ok || !isInteger || !limits.inside(whole):
		w.Add(RuleRange, false, "want ", s.Kind.String(), ", ", limits.String())
		return nil
	case kind == jsonscan.Number:
		w.Add(RuleType, true, "want ", s.Kind.String(), ", got a number with a point or an exponent")
		return []byte(whole)
	}
	return w.offer(s, kind, RuleType, whole)
}

func (w *Walk) float(s *dtdl.Schema, kind jsonscan.Kind, raw []byte) []byte {
	bits := 64
	if s.Kind == dtdl.Float {
		bits = 32
	}
	if kind == jsonscan.Number && finite(raw, bits) {
		return nil
	}
	literal, ok := number(kind, raw)
	switch {
	case !ok:
		return w.offer(s, kind, RuleType, "")
	case !finite([]byte(literal), bits):
		w.Add(RuleRange, false, "want ", s.Kind.String(), ", a number that fits into its bits")
		return nil
	}
	return w.offer(s, kind, RuleType, literal)
}

// number returns the number that a value is, or that a string holds.
func number(kind jsonscan.Kind, raw []byte) (string, bool) {
	switch kind {
	case jsonscan.Number:
		return string(raw), true
	case jsonscan.String:
		text, _ := jsonscan.Text(raw)
		return numberIn(text)
	default:
		return "", false
	}
}

// words are the strings that mean a boolean.
var words = map[string]string{
	"true": "true", "on": "true", "yes": "true", "1": "true",
	"false": "false", "off": "false", "no": "false", "0": "false",
}

// boolean returns true or false for a number or string that means it.
func boolean(kind jsonscan.Kind, raw []byte) string {
	if literal, ok := number(kind, raw); ok {
		d, ok := parseDecimal(literal)
		whole, isInteger := d.integer()
		if ok && isInteger && (whole == "0" || whole == "1") {
			return words[whole]
		}
		return ""
	}
	if kind != jsonscan.String {
		return ""
	}
	text, _ := jsonscan.Text(raw)
	return words[strings.ToLower(strings.TrimSpace(text))]
}
