package codecworker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
)

// Argument makes the process a worker where it is its first argument. The second one
// is the memory that it may take, in bytes.
const Argument = "codec-worker"

// How a worker ends, beside 0 when its input does and 2 by a fatal error of the
// Go runtime.
const (
	exitProtocol = 1
	exitMemory   = 3
)

// Main turns the process into a worker if it was started as one, and does not
// return then. It must come first in main.
func Main() {
	if len(os.Args) == 3 && os.Args[1] == Argument {
		memory, err := strconv.ParseInt(os.Args[2], 10, 64)
		if err != nil || memory <= 0 {
			fmt.Fprintln(os.Stderr, Argument+": the memory in bytes is missing; mayfly starts this itself")
			os.Exit(exitProtocol)
		}
		os.Exit(serve(os.Stdin, os.Stdout, memory))
	}
}

// serve answers the frames of stdin on stdout until stdin ends.
func serve(stdin io.Reader, stdout io.Writer, memory int64) int {
	// The parent decides when a worker ends. A signal for the whole group (an
	// interrupt at the terminal, a service manager's stop) must not end it while
	// the parent finishes what is in flight.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	debug.SetTraceback("none") // one line about a fatal error
	debug.SetMaxStack(maxStack)
	runtime.GOMAXPROCS(2) // a script, and beside it what watches it
	time.Local = time.UTC // the zone of scripts
	closeInherited()
	watch := limitMemory(memory)
	if _, err := io.WriteString(stdout, hello); err != nil {
		return exitProtocol
	}
	w := worker{
		engine:  codec.InProcess{MaxHeap: uint64(memory / 2), Disposable: true},
		scripts: make(map[uint64]codec.Script), programs: make(map[uint64]*mapping.Code),
		watch: &watch,
	}
	in := bufio.NewReader(stdin)
	w.rows = rows{in: in, out: stdout}
	var frame []byte
	var out bytes.Buffer
	for {
		var err error
		if frame, err = readFrame(in, frame, maxRequest); err != nil {
			if errors.Is(err, io.EOF) {
				return 0
			}
			return exitProtocol
		}
		answer := w.answer(frame)
		content, err := appendFrame(&out, answer)
		if err != nil || len(content) > maxFrame+headerBytes {
			content, err = appendFrame(&out, tooLarge(answer))
		}
		if err != nil {
			return exitProtocol
		}
		if _, err := stdout.Write(content); err != nil {
			return exitProtocol
		}
		if answer.Leaving || !w.watch.tidy() {
			return 0
		}
	}
}

func tooLarge(was *answer) *answer {
	text := fmt.Sprintf("the codec gave more than %d bytes", maxFrame)
	return &answer{Kind: string(codec.Memory), Text: text, Leaving: was.Leaving}
}

// worker is what a worker process holds.
type worker struct {
	engine  codec.Engine
	scripts map[uint64]codec.Script
	watch   *memoryWatch

	programs map[uint64]*mapping.Code
	rows     rows
}

// answer does what a frame asks for.
func (w *worker) answer(frame []byte) *answer {
	var r request
	if err := decodeFrame(frame, &r); err != nil {
		return failed(codec.Unavailable, err)
	}
	w.watch.start()
	defer w.watch.stop()
	switch r.Op {
	case opLoad:
		for _, script := range r.Drop {
			delete(w.scripts, script)
			delete(w.programs, script)
		}
		if r.Program != nil {
			return w.compile(&r)
		}
		loaded, err := w.engine.Load(r.Name, r.Source)
		if err != nil {
			return failed(codec.Threw, err)
		}
		w.scripts[r.Script] = loaded
		return &answer{Can: &can{Decode: loaded.Decodes(), Encode: loaded.Encodes()}}
	case opRun:
		return w.run(&r)
	case opEncode:
		return w.encode(&r)
	case opEvaluate:
		return w.evaluate(&r)
	}
	return failed(codec.Unavailable, fmt.Errorf("operation %d is not known", r.Op))
}

func (w *worker) compile(r *request) *answer {
	p := mapping.NewProgram(r.Program.Text, r.Program.Vars, r.Program.Zone)
	p.Tables = &w.rows
	code, err := p.Compile()
	if err != nil {
		return failed(codec.Unavailable, err)
	}
	w.programs[r.Script] = code
	return &answer{}
}

func (w *worker) run(r *request) *answer {
	script := w.scripts[r.Script]
	if script == nil || r.Uplink == nil {
		return failed(codec.Unavailable, fmt.Errorf("script %d is not loaded", r.Script))
	}
	out, err := script.Decode(context.Background(), r.Uplink.uplink())
	if err == nil {
		return &answer{Decoded: toDecoded(&out)}
	}
	answer := failed(codec.Threw, err)
	if out.List != nil || out.Console != nil {
		answer.Decoded = &decoded{List: out.List, Console: out.Console}
	}
	return answer
}

// failed gives the answer to what failed. After a timeout some of the script may go
// on, and after too much memory some of it may be held: then the worker ends.
func failed(kind codec.Failure, err error) *answer {
	if known, ok := errors.AsType[*codec.Error](err); ok {
		kind = known.Kind
	}
	leaving := kind == codec.Timeout || kind == codec.Memory
	return &answer{Kind: string(kind), Text: err.Error(), Leaving: leaving}
}
