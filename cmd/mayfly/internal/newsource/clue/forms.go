package clue

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/datetime"
	"mayfly/transform/message"
)

// The forms of values.
var (
	euiForm     = lazyregexp.New(`^(?i:[0-9a-f]{16}|[0-9a-f]{2}([-:][0-9a-f]{2}){7})$`)
	MACForm     = lazyregexp.New(`^(?i:[0-9a-f]{12}|[0-9a-f]{2}([-:][0-9a-f]{2}){5})$`)
	UUIDForm    = lazyregexp.New(`^(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$`)
	imeiForm    = lazyregexp.New(`^[0-9]{15}$`)
	hexForm     = lazyregexp.New(`^(?i:(0x)?([0-9a-f]{2}[ :-]?)+)$`)
	jwtForm     = lazyregexp.New(`^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$`)
	WithUnit    = lazyregexp.New(`^[-+]?[0-9]+([.,][0-9]+)?\s*(°|º)?[A-Za-zµ%³²/]{1,6}$`)
	CommaForm   = lazyregexp.New(`^[-+]?[0-9]+,[0-9]+$`)
	halfForm    = lazyregexp.New(`(?i)[0-9]\s*[ap]\.?m\b`)
	dateDigits  = lazyregexp.New(`^20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$`)
	clockDigits = lazyregexp.New(`^([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?$`)
	stateForm   = lazyregexp.New(`^(?i:on|off|open|opened|closed?|yes|no|true|false|up|down|high|low|active|inactive)$`)
	ClockForm   = lazyregexp.New(`^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*([AaPp][Mm])?(Z|[+-][0-9:]{2,6})?$`)
)

// IDForm names the form of an id that devices have from their makers, and what it adds to the score of a name.
func IDForm(s string) (form string, score int) {
	switch {
	case euiForm().MatchString(s) && strings.ContainsAny(strings.ToLower(s), "abcdef0"):
		return "an EUI-64", 26
	case imeiForm().MatchString(s) && luhn(s):
		return "an IMEI", 24
	case MACForm().MatchString(s) && (strings.ContainsAny(s, ":-") || strings.ContainsAny(strings.ToLower(s),
		"abcdef")):
		return "a MAC address", 22
	case UUIDForm().MatchString(s):
		return "a UUID", 4
	}
	return "", 0
}

// luhn checks the last digit of an IMEI.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// IsState tells texts that are one of two states, such as ON.
func IsState(s string) bool { return stateForm().MatchString(s) }

// ByteList tells a list of numbers from 0 to 255.
func ByteList(v any) bool {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return false
	}
	for _, e := range list {
		s, ok := message.NumberText(e)
		if !ok || len(s) > 3 || strings.Trim(s, "0123456789") != "" || len(s) == 3 && s > "255" {
			return false
		}
	}
	return true
}

// IsNumeric tells numbers, and texts that are numbers.
func IsNumeric(v any) bool {
	if s, ok := v.(string); ok {
		_, ok := message.ParseNumber(strings.TrimSpace(s))
		return ok
	}
	_, ok := message.NumberText(v)
	return ok
}

// IsNumber tells numbers.
func IsNumber(v any) bool {
	_, ok := v.(string)
	return !ok && IsNumeric(v)
}

// Moment is how a time is written.
type Moment struct {
	At      time.Time
	Pattern string // for utc; empty where none is needed
	NoZone  bool
	isEpoch bool
	Other   string // the pattern that reads it as another day, where the text leaves that open
	Object  bool
}

// patterns of utc, the likeliest first.
var patterns = []string{
	"day-first", "month-first", "2-digit-year", "day-first 2-digit-year", "month-first 2-digit-year",
	"month-first 12-hour", "day-first 12-hour", "month-first 2-digit-year 12-hour", "day-first 2-digit-year 12-hour",
	"12-hour",
}

// ReadTime reads a value that may be a time; now bounds what is likely.
func ReadTime(v any, now time.Time) (m Moment, ok bool) {
	likely := func(t time.Time, err error) bool {
		return err == nil && t.After(message.MinTime()) && t.Before(now.AddDate(2, 0, 0))
	}
	if object, isObject := v.(map[string]any); isObject {
		t, err := datetime.Object(object, message.Zone{})
		return Moment{At: t, Object: true}, likely(t, err)
	}
	s, ok := message.ScalarText(v)
	if s = strings.TrimSpace(s); !ok || len(s) < 8 || v == true || v == false {
		return m, false
	}
	if IsNumeric(v) && len(strings.TrimLeft(strings.SplitN(s, ".", 2)[0], "-")) < 9 && len(s) != 8 {
		return m, false
	}
	t, err := message.ParseTime(s, message.Zone{})
	if likely(t, err) {
		m = Moment{At: t, isEpoch: IsNumeric(v)}
		strict, _ := message.ParseZone("refuse")
		_, err := message.ParseTime(s, strict)
		m.NoZone = !m.isEpoch && err != nil
		return m, true
	}
	if IsNumeric(v) || err == nil {
		return m, false
	}
	return byPattern(s, likely)
}

// byPattern finds the patterns that read a text.
func byPattern(s string, likely func(time.Time, error) bool) (m Moment, ok bool) {
	half := halfForm().MatchString(s)
	for _, words := range patterns {
		if half && !strings.Contains(words, "12-hour") {
			continue
		}
		p, err := datetime.ParsePattern(words)
		if err != nil {
			continue
		}
		t, err := p.Read(s, message.Zone{})
		if !likely(t, err) {
			continue
		}
		if !ok {
			m, ok = Moment{At: t, Pattern: words}, true
			strict, _ := message.ParseZone("refuse")
			_, err := p.Read(s, strict)
			m.NoZone = err != nil
		} else if !t.Equal(m.At) && m.Other == "" {
			m.Other = words
		}
	}
	return m, ok
}

// BytesForm tells how a text writes bytes; sure where it can hardly be anything else.
func BytesForm(s string, named bool) (function string, raw []byte) {
	if hexForm().MatchString(s) && (named || len(s) >= 6 && strings.ContainsAny(s, "0123456789")) {
		digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
		digits = strings.NewReplacer(" ", "", ":", "", "-", "").Replace(digits)
		if raw, err := hex.DecodeString(digits); err == nil {
			return "unhex", raw
		}
	}
	if len(s) < 4 || strings.ContainsAny(s, " \n") || IsNumeric(s) && !named {
		return "", nil
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding,
		base64.RawURLEncoding} {
		raw, err := e.DecodeString(s)
		if err != nil {
			continue
		}
		word := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
		if named && (!word || len(s)%4 == 0) || !word && strings.ContainsAny(s, "=+/0123456789") && len(s) >= 8 {
			return "unb64", raw
		}
	}
	return "", nil
}

// JSONIn returns the object or list that a text holds, and how to read it.
func JSONIn(s string) (value any, how string) {
	if v, ok := ParseJSON([]byte(s)); ok {
		return v, "fromjson"
	}
	if len(s) < 8 || strings.ContainsAny(s, " {") {
		return nil, ""
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err == nil {
		if v, ok := ParseJSON(raw); ok {
			return v, "@base64d | fromjson"
		}
	}
	return nil, ""
}

// ParseJSON reads JSON, with numbers as they are written.
func ParseJSON(raw []byte) (any, bool) {
	trimmed := strings.TrimSpace(string(raw))
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return nil, false
	}
	decoder := json.NewDecoder(strings.NewReader(trimmed))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		return nil, false
	}
	return v, true
}

// NumberIn tells how to read a number that has a unit behind it, or a comma in it.
func NumberIn(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case CommaForm().MatchString(s):
		return ` | tostring | gsub(","; ".")`
	case WithUnit().MatchString(s) && !MACForm().MatchString(s):
		return ` | tostring | gsub(","; ".") | [match("[-+]?[0-9]+([.][0-9]+)?").string][0]`
	}
	return ""
}
