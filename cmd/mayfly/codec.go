package main

import (
	"context"
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

// codecCommand is about codecs: what decodes the bytes of a device.
type codecCommand struct {
	Test codecTestCommand `cmd:"" help:"Run payload formatters against their examples."`
}

// codecTestCommand proves payload formatters by the examples that stand beside
// them.
type codecTestCommand struct {
	Paths   []string `arg:"" name:"path" help:"Files of examples, payload formatters, or folders of both."`
	Verbose bool     `short:"v" help:"Name the examples that pass, too."`
}

// Help tells what examples are.
func (codecTestCommand) Help() string {
	return `Examples are read from the YAML of the LoRaWAN device repository (uplinkDecoder
with fileName and examples) and from JSON (a list of the same: examples.json
next to the formatter). Numbers may differ by 1e-9 of their size; null is the
same as absent. The exit code is 1 when an example fails.`
}

func (c *codecTestCommand) Run(ctx context.Context, w *world) error {
	var suites []*codecSuite
	for _, path := range c.Paths {
		found, err := findSuites(path)
		if err != nil {
			return err
		}
		suites = append(suites, found...)
	}
	if len(suites) == 0 {
		return errors.New("no examples of payload formatters there")
	}
	runSuites(ctx, suites)
	if err := ctx.Err(); err != nil {
		return err
	}
	passed, failed, unloaded := 0, 0, 0
	var out strings.Builder
	for _, s := range suites {
		if s.err != nil {
			unloaded++
			fmt.Fprintf(&out, "FAIL %s\n     %v\n", s.path, s.err)
		}
		for i, differences := range s.differences {
			switch name := s.examples.Examples[i].Name; {
			case s.err != nil:
				failed++
			case len(differences) > 0:
				failed++
				fmt.Fprintf(&out, "FAIL %s: %s\n     %s\n", s.path, name, strings.Join(differences, "\n     "))
			default:
				passed++
				if c.Verbose {
					fmt.Fprintf(&out, "ok   %s: %s\n", s.path, name)
				}
			}
		}
	}
	share := 100.0
	if passed+failed > 0 {
		share = 100 * float64(passed) / float64(passed+failed)
	}
	fmt.Fprintf(&out, "%d examples of %d codecs: %d passed (%.1f %%), %d failed; %d codecs do not load\n",
		passed+failed, len(suites), passed, share, failed, unloaded)
	if _, err := w.stdout.Write([]byte(out.String())); err != nil {
		return err
	}
	if failed+unloaded > 0 {
		return errors.New("not all examples pass")
	}
	return nil
}

// codecSuite is a file of examples with what came out.
type codecSuite struct {
	path        string // of the examples
	script      string // path of the formatter, where the file of examples does not say
	examples    transform.CodecExamples
	differences [][]string // for each example
	err         error      // nothing could be run
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
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	loadSuites(suites)
	return slices.DeleteFunc(suites, func(s *codecSuite) bool { return errors.Is(s.err, transform.ErrNoExamples) }), nil
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
			if found, err := scriptBeside(path); err == nil && found != script {
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
	path := s.script
	if path == "" {
		path, s.err = s.scriptPath()
	}
	if s.err != nil {
		return
	}
	script, err := os.ReadFile(path)
	if err != nil {
		s.err = err
		return
	}
	codec, err := transform.NewCodec(path, script)
	if err != nil {
		s.err = err
		return
	}
	for i := range s.examples.Examples {
		s.differences[i] = s.examples.Examples[i].Check(ctx, codec)
	}
}

// scriptPath finds the formatter that a file of examples is of.
func (s *codecSuite) scriptPath() (string, error) {
	if s.examples.Script == "" {
		return scriptBeside(s.path)
	}
	path := filepath.Join(filepath.Dir(s.path), filepath.FromSlash(s.examples.Script))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	// The repository was written on file systems that do not tell the case.
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if strings.EqualFold(entry.Name(), filepath.Base(path)) {
			return filepath.Join(filepath.Dir(path), entry.Name()), nil
		}
	}
	return "", fmt.Errorf("there is no payload formatter %s", path)
}

// scriptBeside finds the formatter that stands next to a JSON file of examples:
// the one of its name, else the only one there, else the usual names.
func scriptBeside(path string) (string, error) {
	folder, name := filepath.Split(path)
	name = strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
	var scripts []string
	entries, err := os.ReadDir(filepath.Clean(folder + "."))
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if lower := strings.ToLower(entry.Name()); !entry.IsDir() && isScript(lower) && !strings.Contains(lower, ".test.") && !strings.Contains(lower, ".spec.") {
			scripts = append(scripts, entry.Name())
		}
	}
	stem := strings.Trim(strings.NewReplacer("test_decode_", "", "examples", "", "example", "").Replace(name), "-_.")
	for _, want := range []string{stem, "index", "codec", "main", "decoder", "uplink", "decode"} {
		for _, script := range scripts {
			if base := strings.ToLower(strings.TrimSuffix(script, filepath.Ext(script))); want != "" && base == want {
				return filepath.Join(folder, script), nil
			}
		}
	}
	if len(scripts) == 1 {
		return filepath.Join(folder, scripts[0]), nil
	}
	return "", fmt.Errorf("which of the %d payload formatters next to it is meant?", len(scripts))
}
