package newsource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/message"
)

// Draft is a source that was guessed.
type Draft struct {
	YAML     []byte
	Notes    []Note
	Messages []transform.SampleMessage // that the body makes
	Wrong    []string                  // why the source does not prove itself; nothing where it does
	Like     string                    // the source that recognizes the body already; may be empty
}

// Note tells about a guess.
type Note struct {
	Member string // of the source
	Text   string // what was chosen, and why
	Unsure bool
	Others []string // what it may be instead
}

// Capture is a request that a sender has made.
type Capture struct {
	Name    string // of the new source
	Request *message.Request
	Tail    string // of the path of the sender, behind the source's own
	// Typed says that the media type is the sender's own, and not what the body looks like.
	Typed bool
	Looks media.Format // what the body looks like
}

// New guesses a source from a request. The error says why no source can be made of it.
func New(ctx context.Context, t *transform.Transformer, c Capture) (*Draft, error) {
	b := &builder{t: t, name: c.Name, request: c.Request, tail: c.Tail, now: c.Request.Received,
		taken: map[*clue.Field]bool{}}
	if like, err := t.Detect(ctx, c.Request); err == nil && like != nil {
		b.like = like.Name
	}
	body, err := b.read(&c)
	if err != nil {
		return nil, err
	}
	if err := b.split(ctx, body); err != nil {
		return nil, err
	}
	b.secrets()
	b.payload()
	b.device()
	b.time()
	b.messageID()
	b.readings()
	b.recognize(ctx, body)
	return b.finish(ctx)
}

// builder collects the members of the source.
type builder struct {
	t       *transform.Transformer
	name    string
	request *message.Request
	now     time.Time
	like    string

	format media.Format
	csv    media.CSV
	find   finder
	shape  shape
	parts  []any // the items
	fields []*clue.Field
	words  string // a body that is one text

	taken   map[*clue.Field]bool // has a meaning already
	hidden  []*clue.Field        // credentials
	encoded bool                 // there is a payload
	wrapped bool                 // parts are {outer, item}
	binary  bool                 // the sample holds JSON instead of bytes
	noBytes bool                 // the sample cannot hold the body

	tail        string            // of the path, behind the source's own
	path        string            // of the sample, where the id is in it
	noPair      bool              // parts have one reading each, and what would name it is the device
	query       map[string]string // of the sample
	secretQuery []string
	headers     map[string]string

	deviceID, timestamp, zone, messageIDs string
	bytes, port                           string
	measurements, also                    string
	properties                            [][2]string
	hints                                 []string
	detect, envelope, expects             string
	notes                                 []Note
	later                                 []func() // write expressions, once it is known whether parts are wrapped
}

func (b *builder) note(member, text string, unsure bool, others ...string) {
	const maxOthers = 5
	b.notes = append(b.notes, Note{member, text, unsure, others[:min(len(others), maxOthers)]})
}

// expr writes the expression of a field.
func (b *builder) expr(f *clue.Field) string {
	at := clue.Path(f.Names)
	if !b.wrapped {
		return at
	}
	if f.Outer {
		return ".outer" + at
	}
	return ".item" + at
}

// label tells people which field is meant.
func (b *builder) label(f *clue.Field) string {
	if f.Outer {
		return "around it " + clue.Path(f.Names)
	}
	return clue.Path(f.Names)
}

// free lists the fields that have no meaning yet.
func (b *builder) free() []*clue.Field {
	return slices.DeleteFunc(slices.Clone(b.fields), func(f *clue.Field) bool { return b.taken[f] })
}

// split finds the parts of the body and lists what is in them.
func (b *builder) split(ctx context.Context, body any) error {
	if b.words != "" {
		b.parts = []any{b.words}
		return nil
	}
	b.find.now = b.now
	body = b.find.prepare(clone(body), nil, &b.shape)
	b.find.find(body, &b.shape)
	around := map[string]any{}
	if len(b.shape.steps) == 0 {
		b.parts = []any{body}
	} else {
		parts, err := b.evaluate(ctx, b.shape.each(&b.find, true))
		if err != nil {
			return err
		}
		for _, part := range parts {
			wrapper, _ := part.(map[string]any)
			b.parts = append(b.parts, wrapper["item"])
			if outer, ok := wrapper["outer"].(map[string]any); ok {
				join(around, outer)
			}
		}
	}
	if !objects(b.parts) {
		return fmt.Errorf("the body is %s, of which no source can be guessed: write one by docs/mapping.md",
			kindOf(body))
	}
	item, _ := merged(b.parts).(map[string]any)
	b.fields = clue.FieldsOf(item)
	for _, f := range clue.FieldsOf(around) {
		f.Outer = true
		b.fields = append(b.fields, f)
	}
	if len(b.shape.steps) > 0 {
		b.noteParts()
	}
	return nil
}

// noteParts tells what was taken for the messages.
func (b *builder) noteParts() {
	var where []string
	for _, st := range b.shape.steps {
		at := clue.Path(st.path)
		if at == "." {
			at = "the body"
		}
		where = append(where, at)
	}
	count := fmt.Sprintf("%d messages", len(b.parts))
	if len(b.parts) == 1 {
		count = "one message"
	}
	b.note("each", fmt.Sprintf("%s, one per element of %s", count, strings.Join(where, ", then ")),
		len(b.shape.maybe) > 0 || b.shape.steps[len(b.shape.steps)-1].kind == rows, b.shape.maybe...)
}

// evaluate runs each over the body, as the bridge would.
func (b *builder) evaluate(ctx context.Context, each string) ([]any, error) {
	source, err := b.t.Compile(&transform.Definition{
		Name: b.name, Format: b.format, CSV: b.csv, Each: mapping.Expr{Text: each},
		DeviceID: mapping.Expr{Text: `"x"`}, Measurements: mapping.Expr{Text: "{a: 1}"},
	})
	if err != nil {
		return nil, err
	}
	trace := source.Trace(ctx, b.request)
	if trace.Error != nil {
		return nil, errors.New(trace.Error.Detail + fieldTexts(trace.Error.Fields))
	}
	parts := make([]any, len(trace.Parts))
	for i := range trace.Parts {
		parts[i] = trace.Parts[i].Value
	}
	return parts, nil
}

func fieldTexts(fields []message.FieldError) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString("; " + f.Path + " " + f.Hint)
	}
	return b.String()
}

func kindOf(v any) string {
	switch v.(type) {
	case []any:
		return "a list of values without names"
	case string:
		return "a text"
	}
	return "a single value"
}

// clone copies objects and lists.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[name] = clone(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = clone(inner)
		}
		return out
	}
	return v
}

// secrets takes what carries credentials out of what is mapped.
func (b *builder) secrets() {
	for _, f := range b.fields {
		if clue.IsSecret(f.Names[len(f.Names)-1], f.Value) && !b.isKey(f) {
			b.taken[f] = true
			b.hidden = append(b.hidden, f)
			b.note("samples", clue.Path(f.Names)+" looks like a credential: it is not mapped, and the sample has "+
				"\"removed\" there",
				false)
		}
	}
	b.query, b.headers = map[string]string{}, map[string]string{}
	for name, values := range b.request.Query {
		if len(values) == 0 {
			continue
		}
		if clue.IsSecret(name, values[0]) || clue.In("key token code sig", clue.Folded(name)) {
			b.secretQuery = append(b.secretQuery, name)
			b.note("secretQuery", "?"+name+"= looks like a credential: it is the caller's key, and not in the sample",
				false)
			continue
		}
		b.query[name] = values[0]
	}
	slices.Sort(b.secretQuery)
	b.keepHeaders()
}

// isKey tells the id of a device that names its object.
func (b *builder) isKey(f *clue.Field) bool {
	n := len(b.shape.steps)
	return n > 0 && b.shape.steps[n-1].kind == members && !f.Outer && len(f.Names) == 1 && f.Names[0] == "key"
}

// keepHeaders takes the headers into the sample that say something about the sender.
func (b *builder) keepHeaders() {
	for name, values := range b.request.Header {
		lower := strings.ToLower(name)
		switch {
		case len(values) == 0 || strings.HasPrefix(lower, "x-forwarded") || strings.HasPrefix(lower, "x-amzn") ||
			strings.HasPrefix(lower, "x-azure") || strings.HasPrefix(lower, "x-arr-"):
		case clue.In("host accept accept-encoding accept-language connection content-length forwarded traceparent "+
			"tracestate "+
			"via cache-control pragma date expect te transfer-encoding x-real-ip x-request-id content-encoding", lower):
		case strings.Contains(lower, "signature") || strings.Contains(lower, "hmac") || strings.HasSuffix(lower,
			"-sign"):
			b.note("signature", name+" looks like a signature: with the sender's secret, signature: of the source "+
				"verifies "+
				"it (docs/security.md)", false)
		case clue.IsSecret(name, values[0]) || strings.Contains(lower, "auth") || strings.Contains(lower, "token") ||
			strings.Contains(lower, "key") || strings.Contains(lower, "secret") || strings.Contains(lower, "cookie"):
			b.note("samples", "the header "+name+" looks like a credential: it is not in the sample", false)
		default:
			b.headers[name] = values[0]
		}
	}
}
