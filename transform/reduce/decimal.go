package reduce

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"mayfly/transform/message"
)

// decimal is a number without a rounding error. The zero value is 0.
type decimal struct {
	of     *big.Rat
	places int // behind the point, as it is written
}

// maxDigits bounds what is read exactly: a number of very many digits or a large exponent takes very much memory.
const maxDigits = 100

// decimalOf reads a number of a message; false for other values, and for numbers that are too long.
func decimalOf(value any) (decimal, bool) {
	text, ok := message.NumberText(value)
	if !ok || len(text) > maxDigits {
		return decimal{}, false
	}
	mantissa, exponent, scaled := strings.Cut(strings.ToLower(text), "e")
	power := 0
	if scaled {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil || power > maxDigits || power < -maxDigits {
			return decimal{}, false
		}
	}
	of, ok := new(big.Rat).SetString(text)
	if !ok {
		return decimal{}, false
	}
	_, fraction, _ := strings.Cut(mantissa, ".")
	return decimal{of, max(len(fraction)-power, 0)}, true
}

// rat returns the number.
func (d decimal) rat() *big.Rat {
	if d.of == nil {
		return new(big.Rat)
	}
	return d.of
}

// Sign is that of the number.
func (d decimal) Sign() int { return d.rat().Sign() }

func (d decimal) less(e decimal) bool { return d.rat().Cmp(e.rat()) < 0 }

// differs tells whether two numbers differ by at least some amount, or at all where that is 0.
func (d decimal) differs(e, least decimal) bool {
	by := new(big.Rat).Sub(d.rat(), e.rat())
	by.Abs(by)
	if least.Sign() == 0 {
		return by.Sign() != 0
	}
	return by.Cmp(least.rat()) >= 0
}

// meanPlaces is how many more places a mean has than the numbers that it is of.
const meanPlaces = 3

// mean returns the mean of numbers, rounded to some more places than they have, without zeros at its end.
func mean(numbers []decimal) json.Number {
	sum, places := new(big.Rat), 0
	for _, d := range numbers {
		sum.Add(sum, d.rat())
		places = max(places, d.places)
	}
	sum.Quo(sum, new(big.Rat).SetInt64(int64(len(numbers))))
	text := sum.FloatString(places + meanPlaces)
	if text = strings.TrimRight(strings.TrimRight(text, "0"), "."); text == "-0" || text == "" {
		text = "0"
	}
	return json.Number(text)
}
