package media

import "fmt"

// Notes collects what was left out of a body that was read all the same, for its
// sender and for the operator. A nil Notes drops what it is told.
type Notes struct {
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

func (n *Notes) add(text string) {
	if n == nil {
		return
	}
	if n.count++; n.count <= maxNotes {
		n.texts = append(n.texts, text)
	}
}
