package mapping

import (
	"errors"
	"strconv"

	"mayfly/transform/message"
	"mayfly/transform/reduce"

	"github.com/itchyny/gojq"
)

// windows(60; .time) splits a list by the times of its elements. Functions of ours get values and not expressions, so
// it becomes windowsFunc(60; [.[] | .time]) before it is compiled.
const windowsFunc = "mayfly_windows"

// rewriteWindows rewrites a call of windows; false for another function.
func rewriteWindows(f *gojq.Func) bool {
	if f.Name != "windows" || len(f.Args) != 2 {
		return false
	}
	each := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity, SuffixList: []*gojq.Suffix{{Iter: true}}}}
	times := &gojq.Query{Left: each, Op: gojq.OpPipe, Right: f.Args[1]}
	list := &gojq.Term{Type: gojq.TermTypeArray, Array: &gojq.Array{Query: times}}
	*f = gojq.Func{Name: windowsFunc, Args: []*gojq.Query{f.Args[0], {Term: list}}}
	return true
}

// windows is that function. zone is that of times without one.
func windows(zone message.Zone) helperFunc {
	return func(in any, args []any) (any, error) {
		list, ok := in.([]any)
		if !ok {
			return nil, errors.New("cannot be applied to " + message.TypeName(in))
		}
		times, _ := args[1].([]any)
		if len(times) != len(list) {
			return nil, errors.New("needs one time for each element")
		}
		text, _ := message.NumberText(args[0])
		seconds, err := strconv.ParseFloat(text, 64)
		out := reduce.Windows(list, times, seconds, zone)
		if err != nil || out == nil {
			return nil, errors.New("needs a number of seconds")
		}
		return out, nil
	}
}

func summary(in any, _ []any) (any, error) { return reduce.Summary(in), nil }
