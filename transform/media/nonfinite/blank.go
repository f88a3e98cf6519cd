package nonfinite

import (
	"bytes"
	"strconv"
	"strings"

	"mayfly/transform/message"
)

// Blank overwrites with spaces the members and elements of JSON values that are NaN or an
// infinity, and tells how many there were, and of the first ones which, a sentence each, as in
// "measurements.temp is NaN and was left out". All other bytes stay where they are. n is 0
// where there was none, or where the text is not JSON for other reasons. It takes time linear
// in the length of the text.
func Blank(text []byte) (clean []byte, left []string, n int) {
	b := blanker{text: bytes.Clone(text)}
	if !b.run() || b.n == 0 {
		return text, nil, 0
	}
	return b.text, b.left, b.n
}

// maxLeft bounds the sentences.
const maxLeft = 10

// IsNonFinite knows what is written for NaN and the infinities, with and without a sign: nan
// and inf (C, Python), NaN and Infinity (JavaScript, Java), ovf (Arduino's Print) and 1.#QNAN
// (older C of Microsoft), in any case.
func IsNonFinite(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	if text[0] == '-' || text[0] == '+' {
		text = text[1:]
	}
	switch text = strings.ToLower(text); text {
	case "nan", "inf", "infinity", "ovf", "nan(ind)", "nan(snan)":
		return true
	}
	return strings.HasPrefix(text, "1.#")
}

const maxToken = 20

// blanker walks over a text.
type blanker struct {
	text  []byte
	at    int
	stack []frame
	value int // of the text; several may follow one another
	left  []string
	n     int // of what was left out
}

// frame is an object or an array that is open.
type frame struct {
	object   bool
	key, end int  // the name of the member that is being read, in its quotes; 0 before it
	valued   bool // its colon was read
	blanked  bool // the value that is being read was left out
	index    int  // of the element
	comma    int  // the last one that stands; -1 where there is none
}

// run walks to the end; false where the text makes no sense.
func (b *blanker) run() bool {
	for b.at < len(b.text) {
		switch c := b.text[b.at]; c {
		case ' ', '\t', '\r', '\n':
			b.at++
		case '"':
			if !b.string() {
				return false
			}
		case '{', '[':
			if len(b.stack) > message.MaxDepth {
				return false
			}
			b.stack = append(b.stack, frame{object: c == '{', comma: -1})
			b.at++
		case '}', ']':
			if len(b.stack) == 0 {
				return false
			}
			b.stack = b.stack[:len(b.stack)-1]
			b.at++
			b.ended()
		case ':':
			if top := b.top(); top == nil || !top.object || top.end == 0 {
				return false
			}
			b.top().valued = true
			b.at++
		case ',':
			if !b.comma() {
				return false
			}
		default:
			if !b.token() {
				return false
			}
		}
	}
	return len(b.stack) == 0
}

func (b *blanker) top() *frame {
	if len(b.stack) == 0 {
		return nil
	}
	return &b.stack[len(b.stack)-1]
}

// ended notes that a value of the whole text may have ended.
func (b *blanker) ended() {
	if len(b.stack) == 0 {
		b.value++
	}
}

// string passes over a text; in an object it may be the name of a member.
func (b *blanker) string() bool {
	start := b.at
	for b.at++; b.at < len(b.text); b.at++ {
		switch b.text[b.at] {
		case '\\':
			b.at++
		case '"':
			b.at++
			if top := b.top(); top != nil && top.object && !top.valued {
				top.key, top.end = start, b.at
			}
			b.ended()
			return true
		}
	}
	return false
}

func (b *blanker) comma() bool {
	top := b.top()
	if top == nil {
		return false
	}
	top.comma = b.at
	top.next()
	b.at++
	return true
}

// next begins the next element.
func (f *frame) next() {
	f.index++
	f.key, f.end, f.valued, f.blanked = 0, 0, false, false
}

// token passes over a number or a word, and blanks it where it is not finite.
func (b *blanker) token() bool {
	start := b.at
	for b.at < len(b.text) && !bytes.ContainsRune([]byte(" \t\r\n,:\"{}[]"), rune(b.text[b.at])) {
		b.at++
	}
	top := b.top()
	if b.at-start > maxToken || !IsNonFinite(string(b.text[start:b.at])) {
		b.ended()
		return true
	}
	if top == nil || top.blanked || top.object && !top.valued {
		return false
	}
	if b.n++; b.n <= maxLeft {
		b.left = append(b.left, message.Shorten(b.path())+" is "+string(b.text[start:b.at])+" and was left out")
	}
	if top.object {
		start = top.key
	}
	b.blank(start, b.at)
	top.blanked = true
	for b.at < len(b.text) && bytes.IndexByte([]byte(" \t\r\n"), b.text[b.at]) >= 0 {
		b.at++
	}
	switch {
	case b.at < len(b.text) && b.text[b.at] == ',':
		b.blank(b.at, b.at+1)
		b.at++
		top.next()
	case top.comma >= 0:
		b.blank(top.comma, top.comma+1)
		top.comma = -1
	}
	return true
}

func (b *blanker) blank(from, to int) {
	for i := from; i < to; i++ {
		b.text[i] = ' '
	}
}

// path names the value that is being read, as in [2].measurements.temp.
func (b *blanker) path() string {
	var path strings.Builder
	if b.value > 0 {
		path.WriteString("[" + strconv.Itoa(b.value) + "]")
	}
	for i := range b.stack {
		f := &b.stack[i]
		switch {
		case !f.object:
			path.WriteString("[" + strconv.Itoa(f.index) + "]")
		case path.Len() > 0:
			path.WriteByte('.')
			fallthrough
		default:
			path.Write(b.text[f.key+1 : max(f.end-1, f.key+1)])
		}
		if path.Len() > maxPath {
			return path.String()
		}
	}
	return path.String()
}

// maxPath bounds a path.
const maxPath = 500
