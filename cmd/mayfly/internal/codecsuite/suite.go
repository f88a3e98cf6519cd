package codecsuite

import (
	"context"
	"errors"
	"fmt"
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
	Differences [][]string // for each example, and then for each downlink; empty: it passed
	Err         error      // why nothing could be run

	script  string // path of the formatter, where the file of examples does not name one
	guessed bool   // only its folder suggests that the file has examples
}

// Name returns the name of an example, numbered as the Differences are.
func (s *Suite) Name(i int) string {
	if uplinks := len(s.Examples.Examples); i >= uplinks {
		return s.Examples.Downlinks[i-uplinks].Name
	}
	return s.Examples.Examples[i].Name
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
	if s.Examples.Examples == nil && s.Examples.Downlinks == nil && s.Err == nil {
		s.load()
	}
	uplinks := len(s.Examples.Examples)
	s.Differences = make([][]string, uplinks+len(s.Examples.Downlinks))
	if s.Err != nil {
		return
	}
	var script codec.Script
	if uplinks > 0 {
		if script, s.Err = s.formatter(s.Examples.Script, engine, codec.Script.Decodes); s.Err != nil {
			return
		}
		for i := range s.Examples.Examples {
			s.Differences[i] = s.Examples.Examples[i].Check(ctx, script)
		}
	}
	if len(s.Examples.Downlinks) == 0 {
		return
	}
	if other := s.Examples.Encoder; script == nil || other != "" && other != s.Examples.Script {
		if script, s.Err = s.formatter(other, engine, codec.Script.Encodes); s.Err != nil {
			return
		}
	}
	for i := range s.Examples.Downlinks {
		s.Differences[uplinks+i] = s.Examples.Downlinks[i].Check(ctx, codec.EncoderOf(script))
	}
}

// formatter loads the formatter that the examples name, or the first of those that they may belong to. fits reports
// whether it has the functions that they need.
func (s *Suite) formatter(name string, engine codec.Engine, fits func(codec.Script) bool) (codec.Script, error) {
	paths := []string{s.script}
	if s.script == "" {
		var err error
		if paths, err = s.scriptPaths(name); err != nil {
			return nil, err
		}
	}
	return firstCodec(paths, engine, fits)
}

var errWrongDirection = errors.New("has no function for this direction")

// firstCodec loads the first of several scripts that is a payload formatter: its parts and its tests may be in the same
// folder. When none is, the error is that of the first script, which is the likeliest one.
func firstCodec(paths []string, engine codec.Engine, fits func(codec.Script) bool) (codec.Script, error) {
	var first error
	for _, path := range paths {
		script, err := os.ReadFile(path)
		if err == nil {
			var loaded codec.Script
			if loaded, err = engine.Load(path, script); err == nil {
				if fits(loaded) {
					return loaded, nil
				}
				err = fmt.Errorf("%s: %w", path, errWrongDirection)
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}
