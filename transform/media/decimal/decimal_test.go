package decimal_test

import (
	"encoding/json"
	"testing"

	"mayfly/transform/media/decimal"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ a, b, want json.Number }{
		{"", "1.50", "1.50"}, {"2", "", "2"}, {"", "", ""}, {"1276020076.001", "-5", "1276020071.001"}, {"0.1", "0.2", "0.3"},
		{"1e400", "1", "1"}, {"1e31", "1", "1e+31"}, {"-1", "1", "0"},
	} {
		if got := decimal.Add(tt.a, tt.b); got != tt.want {
			t.Errorf("%s + %s: got %s, want %s", tt.a, tt.b, got, tt.want)
		}
	}
}
