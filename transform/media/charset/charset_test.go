package charset_test

import (
	"testing"
	"unicode/utf8"

	"mayfly/transform/media/charset"
)

func TestToUTF8(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, declared, want string }{
		"UTF-8":                    {"é", "", "é"},
		"UTF-8 called something":   {"é", "ISO-8859-1", "é"},
		"ASCII called unknown":     {"abc", "x-acme", "abc"},
		"byte order mark":          {"\xef\xbb\xbf{}", "", "{}"},
		"NUL behind":               {"{}\x00", "", "{}"},
		"NULs and a line":          {"{}\x00\x00\n", "utf-8", "{}"},
		"space behind":             {"{} \n", "", "{} \n"},
		"ISO 8859-1":               {"\xe9\x80", "ISO-8859-1", "é\u0080"},
		"latin1":                   {"\xe9", "Latin1", "é"},
		"in quotes":                {"\xe9", "'iso_8859-1'", "é"},
		"Windows":                  {"\x80\xe9", "windows-1252", "€é"},
		"Windows by its code page": {"\xe9", "cp1251", "й"},
		"euro":                     {"\xa4", "ISO-8859-15", "€"},
		"UTF-16, little":           {"\xff\xfe{\x00}\x00", "", "{}"},
		"UTF-16, big":              {"\xfe\xff\x00{\x00}", "", "{}"},
		"UTF-16, no mark":          {"{\x00\xe9\x00}\x00", "UTF-16", "{é}"},
		"UTF-16, no mark, big":     {"\x00{\x00\xe9\x00}", "utf-16", "{é}"},
		"UTF-16LE":                 {"{\x00\x3d\xd8\x00\xde}\x00", "utf-16le", "{😀}"},
		"UTF-16BE":                 {"\x00{\xd8\x3d\xde\x00\x00}", "utf-16be", "{😀}"},
		"UTF-16, half a pair":      {"\xfe\xff\xd8\x3d\x00}", "", "\ufffd}"},
		"UTF-16, NUL behind":       {"\xff\xfe{\x00}\x00\x00\x00", "", "{}"},
		"UTF-8 called UTF-16":      {"{}", "utf-16", "{}"},
		"empty":                    {"", "utf-16", ""},
	} {
		got, ok := charset.ToUTF8([]byte(tt.text), tt.declared)
		if string(got) != tt.want || !ok {
			t.Errorf("%s: got %q, %t, want %q", name, got, ok, tt.want)
		}
	}
	for name, tt := range map[string]struct{ text, declared string }{
		"not declared": {"\xe9", ""}, "not UTF-8": {"\xe9", "utf-8"}, "not ASCII": {"\xe9", "us-ascii"}, "not known": {"\xe9", "shift_jis"},
		"odd UTF-16": {"\xff\xfe{\x00}", ""},
	} {
		if got, ok := charset.ToUTF8([]byte(tt.text), tt.declared); ok {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func FuzzToUTF8(f *testing.F) {
	f.Add("\xff\xfe{\x00}\x00", "utf-16")
	f.Add("\xe9", "latin1")
	f.Fuzz(func(t *testing.T, text, declared string) {
		if got, ok := charset.ToUTF8([]byte(text), declared); ok && !utf8.Valid(got) {
			t.Errorf("%q in %q became %q", text, declared, got)
		}
	})
}
