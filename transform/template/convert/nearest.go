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

// distance counts the bytes to insert, delete, replace or swap with their neighbor, up
// to a limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var rows [3][maxNearest + 1]int // those of this byte of a, and of the two before
	for j := range rows[0] {
		rows[0][j] = j
	}
	minBefore := 0
	for i := 1; i <= len(a); i++ {
		row, before, last := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		lowest := i
		for j := 1; j <= len(b); j++ {
			cost := before[j-1]
			if a[i-1] != b[j-1] {
				cost = min(cost, before[j], row[j-1]) + 1
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cost = min(cost, last[j-2]+1)
			}
			row[j] = cost
			lowest = min(lowest, cost)
		}
		if lowest >= limit && minBefore+1 >= limit { // a swap comes from the row before
			return limit
		}
		minBefore = lowest
	}
	return min(rows[len(a)%3][len(b)], limit)
}
