package nonfinite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media/nonfinite"
)

func TestBlankLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, want string
		left       []string
	}{
		"first field": {"m,a=b t=nan,h=48 17", "m,a=b h=48 17\n", []string{"t is nan and was left out"}},
		"last field":  {"m h=48,t=-NaN\r\n", "m h=48\n", []string{"t is -NaN and was left out"}},
		"only field":  {"m t=inf 17\nm h=1\n", "#\nm h=1\n", []string{"t is inf and was left out"}},
		"escapes":     {`m\ x,a\,b=c t\=u=NaN,s="a, \" b=nan",h=1 5`, `m\ x,a\,b=c s="a, \" b=nan",h=1 5` + "\n", []string{`t\=u is NaN and was left out`}},
		"tags":        {"m,t=nan h=1 5", "m,t=nan h=1 5", nil},
		"texts":       {`m s="nan",h=1`, `m s="nan",h=1`, nil},
		"comments":    {"# t=nan\n\nm t=nan,h=1\n", "# t=nan\n\nm h=1\n", []string{"t is nan and was left out"}},
		"other lines": {"m h=1 5\n\n x\nm", "m h=1 5\n\n x\nm", nil},
		"empty":       {"", "", nil},
	} {
		clean, left, n := nonfinite.BlankLines([]byte(tt.text))
		if diff := cmp.Diff(tt.left, left); diff != "" || string(clean) != tt.want || n != len(left) {
			t.Errorf("%s: got %q (-want +got):\n%s", name, clean, diff)
		}
	}
}

func FuzzBlankLines(f *testing.F) {
	f.Add("m,a=b t=nan,h=48 17\n")
	f.Add(`m s="a\",t=nan" 5`)
	f.Fuzz(func(t *testing.T, text string) {
		clean, _, n := nonfinite.BlankLines([]byte(text))
		if n == 0 && string(clean) != text || len(clean) > len(text)+1 {
			t.Errorf("%q became %q", text, clean)
		}
	})
}
