package explain

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mayfly/cmd/mayfly/internal/logline"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/internal/settings"
)

// Command explains.
type Command struct {
	What []string `arg:"" name:"what" complete:"code" help:"A code, a line of the log, a file with either, or -."`
}

// Help is the long help of the command.
func (Command) Help() string {
	return `Takes a code such as hub-quota, the body of an answer (problem+json), a line of the log,
a file with these, or - for standard input. It tells what the code means, whom it is
about, what DPS or the hub has answered, what to look at and what to do, from the table
of errors and the runbook. Of many lines, those that mean the same are told once.

  mayfly explain hub-quota
  curl -s ... | mayfly explain -
  kubectl logs deploy/mayfly | mayfly explain -`
}

const maxInput = 64 << 20

// Run runs the command.
func (c *Command) Run(w *tool.World) error {
	text := strings.Join(c.What, " ")
	if len(c.What) == 1 {
		in, err := c.open(w)
		if err != nil {
			return err
		}
		if in != nil {
			defer func() { _ = in.Close() }()
			return stream(w, in)
		}
	}
	if row := rowOf(strings.TrimSpace(text)); row != nil {
		page(w, row, nil)
		return nil
	}
	line, ok := logline.Parse(text)
	if !ok {
		codes := Codes()
		hint := "one of " + strings.Join(codes, ", ")
		if near := settings.Nearest(strings.TrimSpace(text), codes); near != "" {
			hint = "mayfly explain " + near
		}
		return tool.Hint(fmt.Sprintf("%q is not a code, a problem or a line of the log", shorten(text)), hint)
	}
	return one(w, line)
}

// open opens a file or standard input; nil where the argument is neither.
func (c *Command) open(w *tool.World) (io.ReadCloser, error) {
	if c.What[0] == "-" {
		return io.NopCloser(w.Stdin), nil
	}
	info, err := os.Stat(c.What[0])
	if err != nil || info.IsDir() {
		return nil, nil //nolint:nilerror // it is not a file
	}
	return os.Open(c.What[0])
}

// stream explains a problem, or all lines of a log.
func stream(w *tool.World, in io.Reader) error {
	lines := bufio.NewReaderSize(io.LimitReader(in, maxInput), 64<<10)
	if head, _ := lines.Peek(1); len(head) > 0 && head[0] == '{' { // a problem may have several lines
		all, err := io.ReadAll(lines)
		if err != nil {
			return err
		}
		if line, ok := logline.Parse(string(all)); ok && (line.Text("type") != "" ||
			!bytes.ContainsRune(bytes.TrimSpace(all), '\n')) {
			return one(w, line)
		}
		lines = bufio.NewReader(bytes.NewReader(all))
	}
	seen := map[string]int{}
	var order []string
	firsts := map[string]logline.Line{}
	for {
		text, err := lines.ReadString('\n')
		if line, ok := logline.Parse(text); ok && codeOf(line) != "" {
			kind := codeOf(line) + " " + line.Text("source") + " " + line.Text("upstreamError", "detail")
			if seen[kind]++; seen[kind] == 1 {
				order = append(order, kind)
				firsts[kind] = line
			}
		} else if row := rowOf(strings.TrimSpace(text)); row != nil {
			page(w, row, nil)
			order = append(order, "")
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	const maxTold = 20
	for i, kind := range order {
		if kind == "" {
			continue
		}
		if i == maxTold {
			w.Printf("and %d more kinds\n", len(order)-i)
			break
		}
		if i > 0 {
			w.Printf("\n")
		}
		if seen[kind] > 1 {
			w.Printf("%d lines such as this one:\n", seen[kind])
		}
		if err := one(w, firsts[kind]); err != nil {
			return err
		}
	}
	if len(order) == 0 {
		w.Printf("Nothing in it has a code: nothing was refused.\n")
	}
	return nil
}

func shorten(text string) string {
	const maxShown = 80
	if len(text) > maxShown {
		return text[:maxShown] + "..."
	}
	return text
}
