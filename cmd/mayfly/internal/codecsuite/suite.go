package codecsuite

import (
	"context"
	"os"
	"runtime"
	"sync"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/codec/codectest"
)

// Suite is a file of examples with its results.
type Suite struct {
	Path        string // of the examples
	Examples    codectest.Examples
	Differences [][]string // for each example; empty: it passed
	Err         error      // why nothing could be run

	script  string // path of the formatter, where the file of examples does not name one
	guessed bool   // only its folder suggests that the file has examples
}

// Run runs suites on all cores, until ctx ends.
func Run(ctx context.Context, suites []*Suite, engine codec.Engine) {
	each(suites, func(s *Suite) {
		if ctx.Err() == nil {
			s.run(ctx, engine)
		}
	})
}

// load loads suites on all cores.
func load(suites []*Suite) { each(suites, (*Suite).load) }

func each(suites []*Suite, do func(*Suite)) {
	var workers sync.WaitGroup
	next := make(chan *Suite)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for s := range next {
				do(s)
			}
		})
	}
	for _, s := range suites {
		next <- s
	}
	close(next)
	workers.Wait()
}

func (s *Suite) load() {
	text, err := os.ReadFile(s.Path)
	if err == nil {
		s.Examples, err = codectest.Parse(text, time.Now())
	}
	s.Err = err
}

func (s *Suite) run(ctx context.Context, engine codec.Engine) {
	if s.Examples.Examples == nil && s.Err == nil {
		s.load()
	}
	s.Differences = make([][]string, len(s.Examples.Examples))
	if s.Err != nil {
		return
	}
	paths := []string{s.script}
	if s.script == "" {
		paths, s.Err = s.scriptPaths()
	}
	if s.Err != nil {
		return
	}
	decoder, err := firstCodec(paths, engine)
	if err != nil {
		s.Err = err
		return
	}
	for i := range s.Examples.Examples {
		s.Differences[i] = s.Examples.Examples[i].Check(ctx, decoder)
	}
}

// firstCodec loads the first of several scripts that is a payload formatter: its parts and its tests may be in the same
// folder. When none is, the error is that of the first script, which is the likeliest one.
func firstCodec(paths []string, engine codec.Engine) (codec.Codec, error) {
	var first error
	for _, path := range paths {
		script, err := os.ReadFile(path)
		if err == nil {
			var decoder codec.Codec
			if decoder, err = engine.Load(path, script); err == nil {
				return decoder, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}
