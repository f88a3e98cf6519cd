package media

import (
	"fmt"
	"math"

	"mayfly/transform/media/lines"
	"mayfly/transform/message"
)

// Notes collects what was left out of a body that was read all the same, for its
// sender and for the operator. A nil Notes drops what it is told.
type Notes struct {
	lines.Collector
	texts []string
	count int
}

// maxNotes bounds the notes about one body; the last one says how many there are.
const maxNotes = 10

// Texts gives the notes, a sentence each.
func (n *Notes) Texts() []string {
	if n.count <= maxNotes {
		return n.texts
	}
	return append(n.texts[:maxNotes:maxNotes], fmt.Sprintf("%d more values were left out", n.count-maxNotes))
}

// SkippingLines makes notes that leave out the lines that cannot be read.
func SkippingLines() *Notes {
	return &Notes{Collector: lines.Collector{SkipLines: true}}
}

// lines gives what collects the lines that cannot be read.
func (n *Notes) lines() *lines.Collector {
	if n == nil {
		return nil
	}
	n.Note = n.add
	return &n.Collector
}

func (n *Notes) add(text string) {
	if n == nil {
		return
	}
	if n.count++; n.count <= maxNotes {
		n.texts = append(n.texts, text)
	}
}

// addAll adds count notes, of which texts are the first.
func (n *Notes) addAll(texts []string, count int) {
	if n == nil {
		return
	}
	for _, text := range texts {
		n.add(text)
	}
	n.count += count - len(texts)
}

// leaveOut tells whether a value is a float that JSON does not have, and notes it. name is
// that of its member, or the number of its element.
func (n *Notes) leaveOut(value any, name any) bool {
	f, ok := value.(float64)
	if !ok || !math.IsNaN(f) && !math.IsInf(f, 0) {
		return false
	}
	n.add(message.Shorten(fmt.Sprint(name)) + " is " + fmt.Sprint(f) + " and was left out")
	return true
}
