package decimal

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strings"
)

// Add gives the sum of two numbers; an empty one counts as 0. Those that are too large or too
// small to be added exactly are added as floats.
func Add(a, b json.Number) json.Number {
	if a == "" || b == "" {
		return json.Number(cmp.Or(string(a), string(b)))
	}
	x, ok := exact(a)
	y, fine := exact(b)
	if !ok || !fine {
		p, _ := a.Float64()
		q, _ := b.Float64()
		if sum, err := json.Marshal(p + q); err == nil {
			return json.Number(sum)
		}
		return b
	}
	text := x.Add(x, y).FloatString(maxDecimals)
	return json.Number(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// maxDecimals is what Add keeps behind the point.
const maxDecimals = 30

// exact reads a number of a size that may be added exactly.
func exact(n json.Number) (*big.Rat, bool) {
	f, err := n.Float64()
	if err != nil || len(n) > 60 || f > 1e30 || f < -1e30 || f != 0 && f < 1e-20 && f > -1e-20 {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}
