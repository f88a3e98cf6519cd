package codecworker

import (
	"fmt"
	"strings"

	"mayfly/transform/codec"
)

// exitFatal is the exit code of a Go program that the runtime or a panic ended.
const exitFatal = 2

// explain tells why a worker ended while it worked on a script, and nobody here
// had ended it.
func (p *process) explain() error {
	if !p.wait() {
		return unavailable("the codec worker closed its output and did not end")
	}
	switch words := p.stderr.String(); p.cmd.ProcessState.ExitCode() {
	case exitMemory:
		return outOfMemory()
	case exitFatal:
		if strings.Contains(words, "stack exceeds") || strings.Contains(words, "stack overflow") {
			return failure(codec.Threw, "the codec's calls are nested too deep")
		}
		// Under a limit, the runtime is refused memory in many places, and not in
		// all of them does it say so: its collector fails by a nil pointer.
		for _, sign := range []string{"memory", "SIGSEGV", "failed to reserve", "new OS thread"} {
			if strings.Contains(words, sign) {
				return outOfMemory()
			}
		}
		return failure(codec.Threw, "the codec ended its process: %s", firstLine(words))
	}
	if p.cmd.ProcessState.ExitCode() < 0 { // by a signal
		return fmt.Errorf("%w: %s", errKilled, p.lastWords())
	}
	return fmt.Errorf("%w: %s", errLost, p.lastWords())
}

func outOfMemory() *codec.Error {
	return failure(codec.Memory, "the codec uses too much memory")
}

// lastWords tells how a process ended.
func (p *process) lastWords() string {
	if p.alive() {
		return "it goes on"
	}
	if words := firstLine(p.stderr.String()); words != "" {
		return p.cmd.ProcessState.String() + ": " + words
	}
	return p.cmd.ProcessState.String()
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
