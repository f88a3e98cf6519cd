package envelope

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"mayfly/function/internal/queue"
)

// mark begins each text. Its number is that of the form: a release that reads another one reads this one as well.
const mark = "mayfly/1 "

// MaxOverhead bounds what a text has beside the data, where key and id are those of a device and of a message, and
// the data are text.
const MaxOverhead = 1 << 10

// Envelope is an item, and what became of it.
type Envelope struct {
	queue.Item

	Put      time.Time       // when it was stored first, where that is not now; in milliseconds
	Attempts int             // how often it was leased before it was stored this time
	Buried   time.Time       // when it became a dead letter, in milliseconds; zero: it is none
	Reason   json.RawMessage // why; a JSON value, or nil
}

type header struct {
	Key      string          `json:"key"`
	ID       string          `json:"id"`
	Base64   bool            `json:"base64,omitempty"`
	Put      int64           `json:"put,omitempty"` // Unix milliseconds
	Attempts int             `json:"attempts,omitempty"`
	Buried   int64           `json:"buried,omitempty"` // Unix milliseconds
	Reason   json.RawMessage `json:"reason,omitempty"`
}

// Format writes an envelope as a text. All its characters may stand in XML 1.0. A reason that is not JSON becomes a
// JSON string.
func Format(e Envelope) string {
	h := header{Key: e.Key, ID: e.ID, Attempts: e.Attempts, Put: millis(e.Put), Buried: millis(e.Buried)}
	if len(e.Reason) > 0 {
		h.Reason = e.Reason
		if !json.Valid(h.Reason) {
			h.Reason, _ = json.Marshal(string(e.Reason)) // a string always marshals
		}
	}
	data := string(e.Data)
	if h.Base64 = !isText(data); h.Base64 {
		data = base64.StdEncoding.EncodeToString(e.Data)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // six bytes for each < would count against the queue's limit
	_ = enc.Encode(h)        // strings, numbers and valid JSON always encode
	line := strings.TrimSuffix(b.String(), "\n")
	if !isText(line) { // JSON escapes all other characters that XML does not have
		line = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`).Replace(line)
	}
	return mark + line + "\n" + data
}

// Parse reads a text that Format has written. It reports false where it is another text.
func Parse(text string) (Envelope, bool) {
	rest, ok := strings.CutPrefix(text, mark)
	line, data, found := strings.Cut(rest, "\n")
	var h header
	if !ok || !found || json.Unmarshal([]byte(line), &h) != nil {
		return Envelope{}, false
	}
	e := Envelope{
		Item: queue.Item{Key: h.Key, ID: h.ID, Data: []byte(data)},
		Put:  fromMillis(h.Put), Attempts: max(h.Attempts, 0), Buried: fromMillis(h.Buried), Reason: h.Reason,
	}
	if h.Base64 {
		var err error
		if e.Data, err = base64.StdEncoding.DecodeString(data); err != nil {
			return Envelope{}, false
		}
	}
	return e, true
}

// isText reports whether s is UTF-8 with only characters of XML 1.0, none of which a reader of XML replaces. Amazon SQS
// takes no others (Amazon SQS API Reference, SendMessage).
func isText(s string) bool {
	for i, r := range s {
		switch {
		case r < ' ' && r != '\t' && r != '\n', r == '\ufffe', r == '\uffff':
			return false
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
