package ask

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"mayfly/cmd/mayfly/internal/tool"
)

// Questions asks at a terminal, or reads answers line by line from whatever else standard input is.
type Questions struct {
	in     *bufio.Reader
	stdin  io.Reader
	stderr io.Writer
}

// New makes questions whose answers are read from stdin, which may be nil.
func New(stdin io.Reader, stderr io.Writer) *Questions {
	return &Questions{bufio.NewReader(cmp.Or[io.Reader](stdin, strings.NewReader(""))), stdin, stderr}
}

// maxQuestions is how often a question is asked before the command gives up.
const maxQuestions = 3

// Ask returns value if there is one, and the answer to a question otherwise; an empty answer is the usual one.
func (q *Questions) Ask(value, question, usual, flag string, check func(string) error) (string, error) {
	if value != "" {
		if err := check(value); err != nil {
			return "", fmt.Errorf("%s: %w", flag, err)
		}
		return value, nil
	}
	for range maxQuestions {
		if usual != "" {
			question = strings.TrimSuffix(question, "\n")
			_, _ = fmt.Fprintf(q.stderr, "%s [%s]: ", question, usual)
		} else {
			_, _ = fmt.Fprintf(q.stderr, "%s: ", question)
		}
		line, err := q.read(strings.Contains(flag, "GROUP_KEY"))
		line = cmp.Or(strings.TrimSpace(line), usual)
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			break
		}
		if line == "" {
			continue
		}
		if err := check(line); err != nil {
			_, _ = fmt.Fprintln(q.stderr, err)
			continue
		}
		return line, nil
	}
	return "", tool.Hint("there is no answer to: "+firstLine(question), flag)
}

// read reads a line; a secret is not shown at a terminal.
func (q *Questions) read(isSecret bool) (string, error) {
	file, ok := q.stdin.(*os.File)
	if !isSecret || !ok || !term.IsTerminal(int(file.Fd())) || q.in.Buffered() > 0 {
		return q.in.ReadString('\n')
	}
	text, err := term.ReadPassword(int(file.Fd()))
	_, _ = fmt.Fprintln(q.stderr)
	return string(text), err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
