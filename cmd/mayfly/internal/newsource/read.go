package newsource

import (
	"bytes"
	"fmt"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/internal/lazyregexp"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

var pairForm = lazyregexp.New(`^[^=:\s]{1,40}[=:][^=:]*`)

const splitPairs = `[splits("[;&,|\\s]+") | capture("^(?<key>[^=:]+)[=:](?<value>.+)$")] | from_entries`

// read decodes the body, as its media type says or as it looks.
func (b *builder) read(c *Capture) (any, error) {
	if len(bytes.TrimSpace(b.request.Body)) == 0 {
		if len(b.request.Query) == 0 {
			return nil, fmt.Errorf("the body is empty, and there is no query")
		}
		return media.DecodeQuery(b.request.Query), nil
	}
	v, err := b.decode("")
	if _, isText := v.(string); err != nil || isText || c.Looks == media.FormatCSV || c.Looks == media.FormatNDJSON {
		if guess, ok := b.guessFormat(c); ok {
			v, err = guess, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if _, ok := v.(map[string]any); ok {
		b.find.xml = bytes.HasPrefix(bytes.TrimSpace(b.request.Body), []byte("<"))
		return v, nil
	}
	if list, ok := v.([]any); ok {
		if b.format == media.FormatCSV && lists(list) {
			return b.columns(list)
		}
		return v, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("the body is %s, of which no source can be guessed: write one by docs/mapping.md",
			kindOf(v))
	}
	return b.text(s), nil
}

func (b *builder) decode(format media.Format) (any, error) {
	return media.Decode(b.request, media.Reading{Format: format, CSV: b.csv, Notes: &media.Notes{}})
}

// guessFormat reads the body as it looks, or as one of the binary formats.
func (b *builder) guessFormat(c *Capture) (any, bool) {
	formats := []media.Format{c.Looks}
	if message.IsBinary(b.request.Body) {
		formats = []media.Format{media.FormatCBOR, media.FormatMsgPack}
	}
	for _, format := range formats {
		if format == "" || format == media.FormatText || format == media.FormatBytes || format == media.FormatJSON {
			continue
		}
		v, err := b.decode(format)
		_, isObject := v.(map[string]any)
		_, isList := v.([]any)
		if err != nil || !isObject && !isList {
			continue
		}
		b.format = format
		if c.Typed {
			b.note("format", fmt.Sprintf("the body is %s, whatever its media type says", format), false)
		} else {
			b.note("format", fmt.Sprintf("the body looks like %s", format), false, "--content-type says otherwise")
		}
		return v, true
	}
	return nil, false
}

// columns names the columns of CSV without a header.
func (b *builder) columns(list []any) (any, error) {
	row, _ := list[0].([]any)
	names := make([]string, len(row))
	numbers, hasID, hasTime := 0, false, false
	for i, cell := range row {
		s, _ := cell.(string)
		_, isTime := clue.ReadTime(cell, b.now)
		form, _ := clue.IDForm(s)
		switch {
		case isTime && !hasTime:
			names[i], hasTime = "time", true
		case !hasID && (form != "" || s != "" && !clue.IsNumeric(s) && !isTime):
			names[i], hasID = "device", true
		default:
			numbers++
			names[i] = fmt.Sprintf("value%d", numbers)
		}
	}
	b.csv = media.CSV{Header: "no", Columns: names}
	b.note("csv", "the rows have no header: the columns are "+strings.Join(names, ", "), true, "names that say more")
	return b.decode(media.FormatCSV)
}

// text reads a body that is one text: names and values, or nothing that is known.
func (b *builder) text(s string) any {
	if message.IsBinary(b.request.Body) {
		b.format, b.noBytes, b.words = media.FormatBytes, true, s
		return s
	}
	pairs := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(";&,| \t\r\n", r) })
	object := map[string]any{}
	for _, p := range pairs {
		if at := strings.IndexAny(p, "=:"); at > 0 && at < len(p)-1 && pairForm().MatchString(p) {
			object[p[:at]] = p[at+1:]
		}
	}
	if len(object) == 0 || len(object) < len(pairs)-2 {
		b.words, b.format = s, media.FormatText
		return s
	}
	b.format = media.FormatText
	b.shape.prelude = append(b.shape.prelude, splitPairs)
	b.note("each", "the body is a text of names and values, such as "+clue.Compact(pairs[0]), true)
	return object
}

// sampleBody writes the body of the sample, without credentials.
func (b *builder) sampleBody() string {
	body := b.request.Body
	if message.IsBinary(body) {
		v, err := b.decode(b.format)
		raw, failed := message.Marshal(v)
		if err != nil || failed != nil || b.noBytes {
			b.noBytes = true
			return ""
		}
		b.binary = true
		body = raw
	}
	return b.redacted(body)
}

// maxSample bounds the body of a sample.
const maxSample = 64 << 10
