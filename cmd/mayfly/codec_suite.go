package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/transform"
)

// codecSuite is a file of examples with what came out.
type codecSuite struct {
	path        string // of the examples
	script      string // path of the formatter, where the file of examples does not say
	examples    transform.CodecExamples
	differences [][]string // for each example
	err         error      // nothing could be run
	guessed     bool       // only its folder says that these are examples
}

// findSuites finds the files of examples under a path.
func findSuites(path string) ([]*codecSuite, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if isScript(path) {
			return besideScript(path)
		}
		return []*codecSuite{{path: path}}, nil
	}
	var suites []*codecSuite
	err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case !entry.IsDir() && mayHoldExamples(path):
			suites = append(suites, &codecSuite{path: path})
		case !entry.IsDir() && amongExamples(path):
			suites = append(suites, &codecSuite{path: path, guessed: true})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	loadSuites(suites)
	return slices.DeleteFunc(suites, func(s *codecSuite) bool {
		return errors.Is(s.err, transform.ErrNoExamples) || s.guessed && s.err != nil
	}), nil
}

func isScript(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".js" || extension == ".mjs" || extension == ".cjs"
}

// mayHoldExamples tells by its name whether a file may.
func mayHoldExamples(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	switch filepath.Ext(name) {
	case ".yaml", ".yml":
		return true
	case ".json":
		return strings.Contains(name, "example") || strings.HasPrefix(name, "test_decode")
	}
	return false
}

// amongExamples tells by its folder whether a file may hold examples.
func amongExamples(path string) bool {
	return strings.EqualFold(filepath.Ext(path), ".json") && strings.EqualFold(filepath.Base(filepath.Dir(path)), "examples")
}

// besideScript finds the examples of one formatter.
func besideScript(script string) ([]*codecSuite, error) {
	entries, err := os.ReadDir(filepath.Dir(script))
	if err != nil {
		return nil, err
	}
	var suites []*codecSuite
	for _, entry := range entries {
		path := filepath.Join(filepath.Dir(script), entry.Name())
		if entry.IsDir() || !mayHoldExamples(path) {
			continue
		}
		s := &codecSuite{path: path}
		s.load()
		switch {
		case s.err != nil:
		case s.examples.Script == "":
			if found, err := scriptsBeside(path); err == nil && !slices.Contains(found, script) {
				continue // of another formatter
			}
			s.script = script
			suites = append(suites, s)
		case strings.EqualFold(filepath.Base(s.examples.Script), filepath.Base(script)):
			suites = append(suites, s)
		}
	}
	return suites, nil
}

// loadSuites reads files of examples on all cores.
func loadSuites(suites []*codecSuite) {
	each(suites, func(s *codecSuite) { s.load() })
}

func runSuites(ctx context.Context, suites []*codecSuite) {
	each(suites, func(s *codecSuite) {
		if ctx.Err() == nil {
			s.run(ctx)
		}
	})
}

func each(suites []*codecSuite, do func(*codecSuite)) {
	var workers sync.WaitGroup
	next := make(chan *codecSuite)
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

func (s *codecSuite) load() {
	text, err := os.ReadFile(s.path)
	if err == nil {
		s.examples, err = transform.ParseCodecExamples(text, time.Now())
	}
	s.err = err
}

func (s *codecSuite) run(ctx context.Context) {
	if s.examples.Examples == nil && s.err == nil {
		s.load()
	}
	s.differences = make([][]string, len(s.examples.Examples))
	if s.err != nil {
		return
	}
	paths := []string{s.script}
	if s.script == "" {
		paths, s.err = s.scriptPaths()
	}
	if s.err != nil {
		return
	}
	codec, err := firstCodec(paths)
	if err != nil {
		s.err = err
		return
	}
	for i := range s.examples.Examples {
		s.differences[i] = s.examples.Examples[i].Check(ctx, codec)
	}
}

// firstCodec loads the first of several formatters that is one: next to what
// runs there may be its parts, and its tests. Where none is, it tells why the
// likeliest is not.
func firstCodec(paths []string) (transform.Codec, error) {
	var first error
	for _, path := range paths {
		script, err := os.ReadFile(path)
		if err == nil {
			var codec transform.Codec
			if codec, err = transform.NewCodec(path, script); err == nil {
				return codec, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// scriptPaths finds the formatter that a file of examples is of: one, or those
// that it may be.
func (s *codecSuite) scriptPaths() ([]string, error) {
	if s.examples.Script == "" {
		return scriptsBeside(s.path)
	}
	path := filepath.Join(filepath.Dir(s.path), filepath.FromSlash(s.examples.Script))
	if _, err := os.Stat(path); err == nil {
		return []string{path}, nil
	}
	// The repository was written on file systems that do not tell the case.
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if strings.EqualFold(entry.Name(), filepath.Base(path)) {
			return []string{filepath.Join(filepath.Dir(path), entry.Name())}, nil
		}
	}
	return nil, fmt.Errorf("there is no payload formatter %s", path)
}

// mostBeside is how many formatters next to a file of examples may be meant.
const mostBeside = 8

// scriptsBeside finds the formatters that a JSON file of examples may be of, the
// likeliest first: next to it, or, where it stands in a folder of examples, next
// to that folder.
func scriptsBeside(path string) ([]string, error) {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder + ".")
	scripts, err := scriptsIn(folder, name)
	if err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		if folder, err = filepath.Abs(folder); err != nil {
			return nil, err
		}
		if scripts, err = scriptsIn(filepath.Dir(folder), name); err != nil {
			return nil, err
		}
	}
	if len(scripts) == 0 {
		return nil, errors.New("which payload formatter is meant? There is none of its name next to it")
	}
	return scripts, nil
}

// scriptsIn gives the formatters in a folder that a file of examples may be of:
// the one of its name, else the one that package.json names and those of the
// usual names, else whatever is there, as long as it is not much.
func scriptsIn(folder, examples string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var scripts []string
	for _, entry := range entries {
		if lower := strings.ToLower(entry.Name()); !entry.IsDir() && isScript(lower) && !strings.Contains(lower, ".test.") && !strings.Contains(lower, ".spec.") && !strings.Contains(lower, ".config.") {
			scripts = append(scripts, entry.Name())
		}
	}
	name := strings.ToLower(strings.TrimSuffix(examples, filepath.Ext(examples)))
	stem := strings.Trim(strings.NewReplacer("test_decode_", "", "examples", "", "example", "").Replace(name), "-_.")
	wanted := []string{stem, strings.TrimSuffix(stem, "-codec"), packageMain(folder), "index", "codec", "main", "decoder", "uplink", "decode", filepath.Base(folder)}
	var found []string
	for i, want := range wanted {
		for _, script := range scripts {
			base := strings.TrimSuffix(script, filepath.Ext(script))
			if want == "" || !strings.EqualFold(base, want) || slices.Contains(found, filepath.Join(folder, script)) {
				continue
			}
			found = append(found, filepath.Join(folder, script))
			if i == 0 {
				return found, nil // no other is meant
			}
		}
	}
	if len(found) == 0 && len(scripts) > mostBeside {
		return nil, fmt.Errorf("which of the %d payload formatters next to it is meant?", len(scripts))
	}
	for _, script := range scripts {
		if path := filepath.Join(folder, script); len(scripts) <= mostBeside && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found, nil
}

// packageMain gives what package.json names as the entry, without its extension.
func packageMain(folder string) string {
	var manifest struct {
		Main string `json:"main"`
	}
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil || json.Unmarshal(text, &manifest) != nil {
		return ""
	}
	base := filepath.Base(filepath.FromSlash(manifest.Main))
	return strings.TrimSuffix(base, filepath.Ext(base))
}
