package hexdigits

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Decode reads hex digits, with or without 0x before them, and with spaces, hyphens, colons and ends of lines between
// them. Its error says which character is wrong, counted from 1, and whether the text may be base64.
func Decode(text string) ([]byte, error) {
	plain := text
	if strings.ContainsAny(text, between) {
		plain = strings.Join(strings.FieldsFunc(text, isBetween), "")
	}
	prefixed := len(plain) > 2 && (plain[:2] == "0x" || plain[:2] == "0X")
	if prefixed {
		plain = plain[2:]
	}
	bytes, err := hex.DecodeString(plain)
	if err == nil {
		return bytes, nil
	}
	hint := ""
	if looksLikeBase64(text) {
		hint = "; it may be base64, which unb64 reads"
	}
	place := 0
	for _, r := range text {
		place++
		switch {
		case strings.ContainsRune(digits+between, r):
		case prefixed && (r == 'x' || r == 'X'):
			prefixed = false
		default:
			return nil, fmt.Errorf("character %d is %q%s", place, r, hint)
		}
	}
	return nil, errors.New("the number of digits is odd" + hint)
}

const (
	digits  = "0123456789abcdefABCDEF"
	between = " -:\t\n\r"
)

func isBetween(r rune) bool { return strings.ContainsRune(between, r) }

// looksLikeBase64 reports whether a text that is not hex is base64, and has more than letters of one case in it.
func looksLikeBase64(text string) bool {
	text = strings.TrimSpace(text)
	_, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(text))
	mixed := text != strings.ToLower(text) && text != strings.ToUpper(text)
	return err == nil && (mixed || strings.HasSuffix(text, "="))
}
