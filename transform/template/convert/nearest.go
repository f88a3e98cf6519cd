package convert

import "strings"

// Nearest finds the name nearest to a given one, if any is near.
type Nearest struct {
	Name  string
	Found string

	best  int
	tries int
}

// Bounds of a search: it is for people, and a message may ask for many.
const (
	maxNearest = 64   // bytes of a name
	maxTries   = 1000 // names
)

// Try looks at one name.
func (n *Nearest) Try(name string) {
	a, b := strings.ToLower(n.Name), strings.ToLower(name)
	if n.tries++; n.tries > maxTries || a == "" || len(a) > maxNearest || len(b) > maxNearest {
		return
	}
	if n.Found == "" {
		n.best = (len(a)+1)/3 + 1 // farther than that is another name
	}
	if d := distance(a, b, n.best); d < n.best {
		n.best, n.Found = d, name
	}
}

// distance counts the bytes to insert, delete or replace, up to a limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var row [maxNearest + 1]int
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal, least := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
			least = min(least, cost)
		}
		if least >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
