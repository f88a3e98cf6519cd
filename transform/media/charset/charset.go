package charset

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// ToUTF8 makes UTF-8 of a text, without a byte order mark and without NULs behind. declared
// is the charset that the sender names, in any case; empty where it names none. A text that
// is UTF-8 already stays as it is, whatever is declared. ok is false where the charset is not
// known, or the text is not in it. A text that has nothing to change is not copied.
func ToUTF8(text []byte, declared string) (out []byte, ok bool) {
	name := normal(declared)
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		return trim(fromUTF16(text[2:], binary.LittleEndian)), len(text)%2 == 0
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		return trim(fromUTF16(text[2:], binary.BigEndian)), len(text)%2 == 0
	case strings.HasPrefix(name, "utf16") && len(text)%2 == 0 && bytes.IndexByte(text, 0) >= 0:
		return trim(fromUTF16(text, order(name, text))), true
	case utf8.Valid(text):
		return trim(text), true
	}
	for _, encoding := range charmap.All {
		table, isTable := encoding.(*charmap.Charmap)
		if isTable && normal(table.String()) == name {
			out, err := table.NewDecoder().Bytes(text)
			return trim(out), err == nil
		}
	}
	return text, false
}

// normal writes the name of a charset in one way: iso88591, windows1252, utf16le.
func normal(name string) string {
	name = strings.ToLower(strings.Trim(name, ` "'`))
	name = strings.NewReplacer("-", "", "_", "", " ", "", ":", "").Replace(name)
	switch name {
	case "latin1", "l1", "iso885911987":
		return "iso88591"
	case "latin2":
		return "iso88592"
	case "latin9", "latin0":
		return "iso885915"
	}
	if number, ok := strings.CutPrefix(name, "cp125"); ok {
		return "windows125" + number
	}
	return name
}

// order tells the byte order of UTF-16 without a mark: by its name, else by where the NULs
// of ASCII are.
func order(name string, text []byte) binary.ByteOrder {
	switch {
	case name == "utf16le", name != "utf16be" && len(text) > 1 && text[0] != 0 && text[1] == 0:
		return binary.LittleEndian
	}
	return binary.BigEndian
}

func fromUTF16(text []byte, order binary.ByteOrder) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 1 {
		r := rune(order.Uint16(text))
		text = text[2:]
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(text) > 1 {
				low = rune(order.Uint16(text))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				text = text[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// trim takes off the byte order mark and the NULs behind.
func trim(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if end := bytes.TrimRight(text, "\x00 \t\r\n"); bytes.IndexByte(text[len(end):], 0) >= 0 {
		return end
	}
	return text
}

// Known tells whether a charset can be read.
func Known(name string) bool {
	if name = normal(name); name == "utf8" || name == "usascii" || strings.HasPrefix(name, "utf16") {
		return true
	}
	for _, encoding := range charmap.All {
		if table, ok := encoding.(*charmap.Charmap); ok && normal(table.String()) == name {
			return true
		}
	}
	return false
}
