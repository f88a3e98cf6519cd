package tool

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"

	"mayfly/transform/codec"
)

// World is what a command works with.
type World struct {
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Codecs         codec.Engine // runs the scripts of sources
}

// Getenv returns the value of a variable. The last one counts, as for a process.
func (w *World) Getenv(name string) string {
	value := ""
	for _, v := range w.Environ {
		if text, ok := strings.CutPrefix(v, name+"="); ok {
			value = text
		}
	}
	return value
}

// Printf writes to standard output.
func (w *World) Printf(format string, args ...any) { _, _ = fmt.Fprintf(w.Stdout, format, args...) }

// Warnf writes to standard error.
func (w *World) Warnf(format string, args ...any) { _, _ = fmt.Fprintf(w.Stderr, format, args...) }

// HasColors reports whether standard output is a terminal whose user wants colors.
func (w *World) HasColors() bool {
	return IsTerminal(w.Stdout) && w.Getenv("NO_COLOR") == "" && w.Getenv("TERM") != "dumb"
}

// Paint gives a text a color, or another look, by its code of ANSI where the output has colors.
func (w *World) Paint(code, text string) string {
	if text == "" || !w.HasColors() {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// ReadFile reads a file, or standard input where the name is "-".
func (w *World) ReadFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(w.Stdin)
	}
	return os.ReadFile(name)
}

// IsTerminal reports whether a reader or writer is a terminal.
func IsTerminal(of any) bool {
	file, ok := of.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// hintError is an error with a remedy.
type hintError struct{ problem, hint string }

// Hint makes an error that says what to try.
func Hint(problem, hint string) error { return &hintError{problem, hint} }

func (e *hintError) Error() string { return e.problem + "\nTry: " + e.hint }

// OneLine shortens a foreign text for a terminal and replaces what is not printable.
func OneLine(text string) string {
	const maxRunes = 500
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "..."
	}
	return text
}

// Quote writes a foreign text between quotes, on one line.
func Quote(text string) string { return strconv.Quote(OneLine(text)) }
