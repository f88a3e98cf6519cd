package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"mayfly/internal/lazyregexp"
)

// Limits of a script. The time is that of The Things Stack (pkg/scripting:
// 100 ms), the size leaves room for the largest of the LoRaWAN device repository
// (321 KB).
const (
	MaxScript     = 512 << 10
	MaxScriptTime = 100 * time.Millisecond
	maxStarting   = time.Second // to find out what a script needs, once
	maxCalls      = 1000        // depth of its call stack
	maxNesting    = 1000        // of brackets: the parser recurses
)

// script is a JavaScript payload formatter (LoRa Alliance TS013, and what was
// before it). Its program is compiled once; every message has a fresh VM, since
// many formatters keep state in top-level variables.
type script struct {
	engine  InProcess
	program *goja.Program
	needs   needs // of its host
	module  bool  // it exports instead of declaring
	jsons   bool  // it has objects with a toJSON of their own

	decodes, encodes bool // what it has entry points for

	lost atomic.Int32 // messages that it is stuck in
}

// The entry points, in the order in which they are looked for.
const (
	decodeUplink = iota // TS013, The Things Stack, ChirpStack v4, AWS
	decoder             // The Things Network v2, Helium: Decoder(bytes, port)
	decode3             // ChirpStack v3: Decode(fPort, bytes, variables)
	normalizeUplink
	encodeDownlink // TS013 and whoever follows it
	encoder        // The Things Network v2: Encoder(object, port)
	encode3        // ChirpStack v3: Encode(fPort, object, variables)
	entries
)

type entryPoints [entries]goja.Callable

func (e *entryPoints) decode() bool {
	return e[decodeUplink] != nil || e[decoder] != nil || e[decode3] != nil
}

func (e *entryPoints) encode() bool {
	return e[encodeDownlink] != nil || e[encoder] != nil || e[encode3] != nil
}

func (e *entryPoints) any() bool { return e.decode() || e.encode() }

// entryNames are the functions, in the order of the entry points.
var entryNames = [entries]string{
	"decodeUplink", "Decoder", "Decode", "normalizeUplink", "encodeDownlink", "Encoder", "Encode",
}

// find yields the entry points that a script has. Declared with let or const,
// they are not properties of the global object, so a script must look.
var find = sync.OnceValue(func() *goja.Program {
	var list strings.Builder
	for _, name := range entryNames {
		list.WriteString("typeof " + name + ` === "function" ? ` + name + ": undefined,")
	}
	return goja.MustCompile("entries", "["+list.String()+"]", false)
})

// boundRegexps bounds what backreferences and look-around make of a regular
// expression: regexp2, which goja uses for these, backtracks, and an interrupt
// does not reach it. A match that takes longer counts as none.
var boundRegexps = sync.OnceFunc(func() { regexp2.DefaultMatchTimeout = MaxScriptTime / 2 })

// InProcess is the Engine that runs scripts in this process. It bounds their time
// and memory by interrupts and by a watch over the heap, which native functions do
// not heed: for a moment they can take all the time and memory of the process. Where
// scripts or payloads are not trusted, run it in a process of its own.
type InProcess struct {
	// MaxHeap is how many bytes the heap of the whole process may grow while a script
	// runs: 64 MiB if it is 0.
	MaxHeap uint64
	// Disposable tells that somebody ends the process when a script does not stop.
	// Decode then waits for the script, whatever it does.
	Disposable bool
}

// Load implements [Engine].
func (e InProcess) Load(name string, source []byte) (Script, error) {
	boundRegexps()
	if len(source) > MaxScript {
		return nil, fmt.Errorf("%s: the script is larger than %d KB", name, MaxScript>>10)
	}
	text := string(bytes.TrimPrefix(source, []byte("\xef\xbb\xbf")))
	if nesting(text) > maxNesting {
		return nil, fmt.Errorf("%s: brackets are nested deeper than %d", name, maxNesting)
	}
	program, text, err := compileInTime(name, text)
	if err != nil {
		return nil, err
	}
	s := &script{engine: e, program: program, jsons: strings.Contains(text, "toJSON")}
	if s.needs, err = needsOf(text); err != nil {
		return nil, err
	}
	// A first run tells whether it declares its functions or exports them. Scripts
	// that look for Node must not find module and exports without need.
	plain := s.try()
	if plain == nil && s.decodes {
		return s, nil
	}
	s.module = true // it may export what decodes, beside what encodes
	switch err := s.try(); {
	case err == nil && (s.decodes || plain != nil):
		return s, nil
	case plain == nil:
		s.module, s.decodes, s.encodes = false, false, true
		return s, nil
	case errors.Is(plain, errNoEntry):
		plain = err
	}
	return nil, fmt.Errorf("%s: %w", name, plain)
}

var errNoEntry = errors.New("has none of the functions decodeUplink, Decoder and Decode")

// What is asked of a script that has entry points for the other direction only.
var (
	errNoDecoder = codecError(Result, "the codec %v", errNoEntry)
	errNoEncoder = codecError(Result, "the codec has none of the functions encodeDownlink, Encoder and Encode")
)

// try loads the script and looks for its entry points.
func (s *script) try() error {
	m := s.machine(func() error { return nil }, maxStarting, time.Unix(0, 0))
	type result struct {
		decodes, encodes bool
		err              error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = m.guard(func() error {
			found, err := s.load(m)
			r.decodes, r.encodes = found.decode(), found.encode()
			return err
		})
		m.stop()
		done <- r
	}()
	select {
	case r := <-done:
		s.decodes, s.encodes = r.decodes, r.encodes
		return r.err
	case <-m.lost:
		return codecError(Timeout, "the top level of the script does not end")
	}
}

// maxCompiling is fifty times what the largest public formatter takes.
const maxCompiling = 5 * time.Second

// compileInTime compiles a script, but does not wait forever: goja takes the
// square of the length of an expression like 1+1+1+...
func compileInTime(name, text string) (program *goja.Program, repaired string, err error) {
	done := make(chan struct{})
	var result struct {
		program *goja.Program
		text    string
		err     error
	}
	go func() {
		defer close(done)
		result.program, result.text, result.err = compileScript(name, text)
	}()
	late := time.NewTimer(maxCompiling)
	defer late.Stop()
	select {
	case <-done:
		return result.program, result.text, result.err
	case <-late.C:
		return nil, "", fmt.Errorf("%s: takes longer than %s to compile", name, maxCompiling)
	}
}

// compileScript parses a script; where that fails, it reads the script as what
// it may be instead.
func compileScript(name, text string) (*goja.Program, string, error) {
	// Source maps would be read from files.
	program, err := goja.Parse(name, text, parser.WithDisableSourceMaps)
	for _, repair := range []func(string) string{plainScript, unquoted} {
		if err == nil {
			break
		}
		if repaired := repair(text); repaired != text {
			var again error
			if program, again = goja.Parse(name, repaired, parser.WithDisableSourceMaps); again == nil {
				text, err = repaired, nil
			}
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, firstLine(err))
	}
	compiled, err := goja.CompileAST(program, false)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, firstLine(err))
	}
	return compiled, text, nil
}

// firstLine shortens the list of errors that the parser gives.
func firstLine(err error) error {
	line, _, more := strings.Cut(err.Error(), "\n")
	if !more {
		return err
	}
	return errors.New(line)
}

// nesting gives how deep brackets are nested. Those in strings and comments count.
func nesting(text string) (most int) {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			depth++
			most = max(most, depth)
		case ')', ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return most
}

// ECMAScript modules: ChirpStack runs formatters as such. goja has no modules,
// so their import and export words are taken out, and lines are kept.
var (
	importWord    = lazyregexp.New(`(?m)(^|;)[ \t]*import\b\s*(?:[\w*\s{},$]*\bfrom\s*)?["'][^"'\n]*["'][ \t]*;?`)
	exportList    = lazyregexp.New(`(?m)(^|[;}])\s*export\s*\{([^{}]*)\}(?:\s*from\s*["'][^"'\n]*["'])?[ \t]*;?`)
	exportDeclare = lazyregexp.New(`(?m)(^|[;}])([ \t]*)export\s+` +
		`((?:default\s+)?(?:async\s+)?(?:function\b\s*\*?\s*[\w$]|class\s+[\w$])|const\b|let\b|var\b)`)
	exportDefault = lazyregexp.New(`(?m)(^|[;}])([ \t]*)export\s+default\b`)
	renaming      = lazyregexp.New(`^([\w$]+)\s+as\s+([\w$]+)$`)
	defaultWord   = lazyregexp.New(`^default\s+`)
)

// plainScript makes a script of a module.
func plainScript(text string) string {
	if !strings.Contains(text, "export") && !strings.Contains(text, "import") {
		return text
	}
	lines := func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) }
	text = importWord().ReplaceAllStringFunc(text, func(found string) string {
		return importWord().FindStringSubmatch(found)[1] + lines(found)
	})
	text = exportList().ReplaceAllStringFunc(text, func(found string) string {
		parts := exportList().FindStringSubmatch(found)
		var out strings.Builder
		out.WriteString(parts[1] + lines(found))
		for name := range strings.SplitSeq(parts[2], ",") {
			if as := renaming().FindStringSubmatch(strings.TrimSpace(name)); as != nil && as[1] != as[2] && as[2] != "default" {
				out.WriteString("var " + as[2] + "=" + as[1] + ";")
			}
		}
		return out.String()
	})
	text = exportDeclare().ReplaceAllStringFunc(text, func(found string) string {
		parts := exportDeclare().FindStringSubmatch(found)
		return parts[1] + parts[2] + lines(strings.TrimSuffix(found, parts[3])) + defaultWord().ReplaceAllString(parts[3], "")
	})
	return exportDefault().ReplaceAllString(text, "${1}${2}module.exports=")
}

// unquoted mends a script that was stored as the inside of a JSON string, all in
// one line with \n and \", as some of the device repository are.
func unquoted(text string) string {
	line := strings.TrimSpace(text)
	if !strings.Contains(line, `\n`) || strings.Contains(line, "\n") {
		return text
	}
	var out string
	if json.Unmarshal([]byte(`"`+line+`"`), &out) != nil {
		return text
	}
	return out
}
