package convert

import "strings"

func anyText(string) bool { return true }

// isDecimal: DTDL v4, "Primitive schema": digits with a point at most, after a
// sign at most; no zeros in front.
func isDecimal(text string) bool {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	whole, fraction, _ := strings.Cut(text, ".")
	return whole != "" && allDigits(whole) && allDigits(fraction) && (whole[0] != '0' || len(whole) == 1)
}

// decimalText writes a JSON number as a decimal.
func decimalText(literal string) string {
	text, _ := plain(literal)
	return text
}

// isUUID: RFC 9562 section 4, in either case.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}

// isBase64: RFC 4648 section 4, with padding.
func isBase64(text string) bool {
	if len(text)%4 != 0 {
		return false
	}
	body := strings.TrimRight(text, "=")
	if len(text)-len(body) > 2 {
		return false
	}
	for i := range len(body) {
		c := body[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '+' || c == '/') {
			return false
		}
	}
	return true
}

// isDuration: ISO 8601, years, months and days, or weeks and days, then the time
// of day; a fraction in the last part only; nothing negative.
func isDuration(text string) bool {
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" {
		return false
	}
	date, clock, hasClock := strings.Cut(rest, "T")
	if hasClock && clock == "" {
		return false
	}
	units := "YMD"
	if strings.Contains(date, "W") {
		units = "WD"
	}
	fraction, ok := durationParts(date, units)
	if !ok || fraction && hasClock {
		return false
	}
	_, ok = durationParts(clock, "HMS")
	return ok
}

// durationParts passes over numbers with units behind them, in the order of
// units. It reports whether the last number has a fraction.
func durationParts(text, units string) (fraction, ok bool) {
	for text != "" {
		i := strings.IndexFunc(text, func(c rune) bool { return c < '0' || c > '9' })
		if i <= 0 || fraction {
			return fraction, false
		}
		if text[i] == '.' {
			fraction = true
			n := strings.IndexFunc(text[i+1:], func(c rune) bool { return c < '0' || c > '9' })
			if n <= 0 {
				return fraction, false
			}
			i += 1 + n
		}
		at := strings.IndexByte(units, text[i])
		if at < 0 {
			return fraction, false
		}
		units, text = units[at+1:], text[i+1:]
	}
	return fraction, true
}

// durationText writes a number of seconds, a string that holds one, or a duration that
// only differs in its form: in small letters, with a comma for the point.
func durationText(text string) string {
	literal, ok := numberIn(text)
	if !ok {
		text = strings.ToUpper(strings.Replace(strings.TrimSpace(text), ",", ".", 1))
		if isDuration(text) {
			return text
		}
		return ""
	}
	if d, ok := parseDecimal(literal); ok && d.digits == "" {
		literal = strings.TrimPrefix(literal, "-")
	}
	if strings.HasPrefix(literal, "-") {
		return ""
	}
	seconds, ok := plain(literal)
	if !ok {
		return ""
	}
	return "PT" + seconds + "S"
}
