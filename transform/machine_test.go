package transform_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"mayfly/transform"
	"mayfly/transform/codec"
	"mayfly/transform/mapping"
)

// countingMachine evaluates here, and counts.
type countingMachine struct {
	codec.InProcess
	texts map[string]int
}

func (m *countingMachine) Evaluate(ctx context.Context, p *mapping.Program, vars []any, in any, _ time.Duration) (
	[]any, time.Duration, error,
) {
	m.texts[p.Text]++
	code, err := p.Compile()
	if err != nil {
		return nil, 0, err
	}
	values, err := code.Evaluate(ctx, vars, in)
	return values, 0, err
}

// Few of the built-in sources need a machine for their samples: those that build objects
// in loops. Every other one is as fast as plans are.
func TestBuiltinSamplesNeedNoMachine(t *testing.T) {
	t.Parallel()
	m := &countingMachine{texts: map[string]int{}}
	transformer := transform.New().WithCodecs(m)
	for _, name := range transformer.SourceNames() {
		source, err := transformer.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range source.Samples {
			clear(m.texts)
			_, _ = source.Map(t.Context(), sample.Request.Request(name)) // it may be one that is refused
			loops := slices.Contains([]string{"helium", "monnit", "objenious", "otlp"}, name)
			if len(m.texts) > 0 && !loops {
				t.Errorf("%s: %s: %v", name, sample.Name, m.texts)
			}
		}
	}
}
