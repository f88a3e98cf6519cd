package media

import (
	"bytes"
	"cmp"
	"encoding/json"

	"mayfly/transform/media/nonfinite"
	"mayfly/transform/message"
)

// jsonLines reads NDJSON of which some lines are not JSON. It gives nothing where the
// body is not NDJSON: it was not declared as such, and its first line is not an object
// either. With build it makes values, else it cuts the body.
func jsonLines(r *message.Request, how *Reading, build bool) (values []any, cut []json.RawMessage, err error) {
	body, bad := bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf")), how.Notes.lines()
	declared := how.Format == FormatNDJSON
	spent := budget{} // only counts
	if build {
		spent = budgetOf(r, how.Notes)
	}
	spent.of()
	number, offset, n := 0, 0, 0
	for line := range bytes.Lines(body) {
		number++
		start := offset
		offset += len(line)
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		found, good, limit := jsonLine(line, build, spent)
		if clean, left, n := nonfinite.Blank(line); !good && limit == nil && n > 0 {
			if found, good, limit = jsonLine(clean, build, spent); good {
				how.Notes.addAll(left, n)
			}
		}
		switch {
		case limit != nil:
			return nil, nil, limit
		case n+bad.Count() == 0 && !declared && !(good && line[0] == '{'):
			return nil, nil, nil
		case !good:
			err = bad.Skip(number, n, badJSON(body, start, line))
		default:
			values, cut = append(values, found.values...), append(cut, found.cut...)
			n += len(found.cut)
		}
		if err != nil {
			return nil, nil, err
		}
		if err := cmp.Or(r.Meter().Messages(n+bad.Count()), r.Meter().Message(2*len(line))); err != nil {
			return nil, nil, err
		}
	}
	if err := bad.Worthless(n); err != nil {
		return nil, nil, err
	}
	return values, cut, nil
}

// lineValues are the values of one line, and their texts.
type lineValues struct {
	values []any
	cut    []json.RawMessage
}

// jsonLine reads one line of NDJSON, which holds one value as a rule.
func jsonLine(line []byte, build bool, spent budget) (found lineValues, good bool, limit error) {
	s, err := newScanner(line, build, spent)
	if err != nil {
		return found, false, nil
	}
	for !s.done() {
		start := s.at
		value, ok := s.value(0)
		if s.limit != nil {
			return found, false, s.limit
		}
		if !ok {
			return found, false, nil
		}
		if build {
			found.values = append(found.values, value)
		}
		found.cut = append(found.cut, s.text[start:s.at:s.at])
		s.space()
	}
	return found, true, nil
}

// badJSON makes the error of a line of a body that starts at an offset.
func badJSON(body []byte, start int, line []byte) *message.Error {
	start += bytes.Index(body[start:], line)
	offset, what := syntaxFault(line)
	return message.Malformedf("%s: %s", message.Position(body, int64(start)+offset), what)
}
