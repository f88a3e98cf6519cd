package sources

import (
	"bytes"
	"strings"

	"mayfly/transform/message"
)

// Index finds the sources of which a request holds a hint: in its body or content type, as
// the name of a query parameter or header, or as the beginning of the parameter id. The body
// is read once, however many sources there are. It is safe for concurrent use.
type Index struct {
	names  []string
	always []int  // sources without hints
	within grams  // hints as they are written
	folded grams  // in lower case, for the names of headers
	short  []hint // hints of less than a gram
}

// hint is a text that tells of a source.
type hint struct {
	text   string
	source int
	next   int // of those with the same slot; 0 for none
}

// gram is how many bytes of a hint choose its slot.
const gram = 3

// slots is how many there are; a power of two.
const slots = 4096

// grams are hints by their first bytes.
type grams struct {
	first [slots]uint16 // the hint of a slot, counted from 1
	hints []hint
}

func slot(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9E3779B1 >> 20 // the upper 12 bits
}

func (g *grams) add(text string, source int) {
	at := &g.first[slot(text[0], text[1], text[2])]
	g.hints = append(g.hints, hint{text, source, int(*at)})
	*at = uint16(len(g.hints))
}

// mark marks the sources whose hints stand at the beginning of a text.
func (g *grams) mark(text []byte, found []bool) {
	for i := int(g.first[slot(text[0], text[1], text[2])]); i > 0; i = g.hints[i-1].next {
		if h := &g.hints[i-1]; !found[h.source] && len(text) >= len(h.text) && string(text[:len(h.text)]) == h.text {
			found[h.source] = true
		}
	}
}

// search marks the sources whose hints stand anywhere in a text.
func (g *grams) search(text []byte, found []bool) {
	for i := 0; i+gram <= len(text); i++ {
		if g.first[slot(text[i], text[i+1], text[i+2])] != 0 {
			g.mark(text[i:], found)
		}
	}
}

// maxHints bounds the hints of an index; what follows is asked always.
const maxHints = 1<<16 - 1

// NewIndex makes an index of sources, in the order in which they are to be asked.
func NewIndex(names []string, hints func(name string) []string) *Index {
	x := &Index{names: names}
	for i, name := range names {
		texts := hints(name)
		if len(texts) == 0 || len(x.within.hints)+len(texts) > maxHints {
			x.always = append(x.always, i)
			continue
		}
		for _, text := range texts {
			if len(text) < gram {
				x.short = append(x.short, hint{text: text, source: i})
				continue
			}
			x.within.add(text, i)
			if low := strings.ToLower(text); len(low) >= gram { // U+212A, of three bytes, is k, of one
				x.folded.add(low, i)
			}
		}
	}
	return x
}

// Candidates gives the sources that a request may be of, in their order.
func (x *Index) Candidates(r *message.Request) []string {
	found := make([]bool, len(x.names))
	for _, i := range x.always {
		found[i] = true
	}
	x.within.search(r.Body, found)
	for name := range r.Query {
		x.named(name, found)
	}
	for _, value := range r.Query["id"] { // Shelly's only mark
		x.begins(&x.within, value, found)
	}
	for name, values := range r.Header {
		x.begins(&x.folded, strings.ToLower(name), found)
		if name == "Content-Type" && len(values) > 0 {
			x.within.search([]byte(values[0]), found)
		}
	}
	for _, h := range x.short {
		if bytes.Contains(r.Body, []byte(h.text)) || r.Query[h.text] != nil {
			found[h.source] = true
		}
	}
	var names []string
	for i, is := range found {
		if is {
			names = append(names, x.names[i])
		}
	}
	return names
}

// named marks the sources that have a text as a hint.
func (x *Index) named(text string, found []bool) {
	if len(text) < gram {
		return
	}
	for i := int(x.within.first[slot(text[0], text[1], text[2])]); i > 0; i = x.within.hints[i-1].next {
		if h := &x.within.hints[i-1]; h.text == text {
			found[h.source] = true
		}
	}
}

// begins marks the sources whose hints a text begins with.
func (x *Index) begins(g *grams, text string, found []bool) {
	if len(text) >= gram {
		g.mark([]byte(text), found)
	}
}
