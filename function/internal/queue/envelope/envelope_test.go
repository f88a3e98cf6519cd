package envelope_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
)

var buried = time.Date(2026, 11, 28, 1, 2, 3, 4e6, time.UTC)

func TestFormat(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]envelope.Envelope{
		"JSON":      {Item: queue.Item{Key: "sensor-1", ID: "7f3a", Data: []byte(`{"v":1,"text":"a<b & \"c\""}`)}},
		"empty":     {Item: queue.Item{Data: []byte{}}},
		"bytes":     {Item: queue.Item{Key: "a", ID: "b", Data: []byte{0, 1, 0xff, '\n'}}},
		"newlines":  {Item: queue.Item{Key: "a\nb", ID: "\x00\ufffe\uffff", Data: []byte("\n\n")}},
		"CR":        {Item: queue.Item{Data: []byte("a\r\nb")}},
		"not XML":   {Item: queue.Item{Data: []byte("\ufffe")}},
		"an edge":   {Item: queue.Item{Data: []byte("\ufffd\U0010ffff")}},
		"its own":   {Item: queue.Item{Data: []byte("mayfly/1 {}\n")}},
		"tried":     {Item: queue.Item{Key: "k", Data: []byte("x")}, Put: buried, Attempts: 7},
		"buried":    {Item: queue.Item{Key: "k", Data: []byte("x")}, Buried: buried, Reason: []byte(`{"code":"<"}`)},
		"no reason": {Item: queue.Item{Key: "k", Data: []byte("x")}, Buried: buried},
	} {
		text := envelope.Format(e)
		got, ok := envelope.Parse(text)
		if diff := cmp.Diff(e, got); !ok || diff != "" {
			t.Errorf("%s: %v, %s\n%s", name, ok, text, diff)
		}
		var b bytes.Buffer
		b.WriteString("<a>")
		_ = xml.EscapeText(&b, []byte(text))
		b.WriteString("</a>")
		var through string
		if err := xml.Unmarshal(b.Bytes(), &through); err != nil || through != text {
			t.Errorf("%s: %v: XML changes %q into %q", name, err, text, through)
		}
	}
}

func TestReasonThatIsNotJSON(t *testing.T) {
	t.Parallel()
	got, ok := envelope.Parse(envelope.Format(envelope.Envelope{Reason: []byte(`out of "time"`)}))
	if !ok || string(got.Reason) != `"out of \"time\""` {
		t.Errorf("%v, %s", ok, got.Reason)
	}
}

func TestOverhead(t *testing.T) {
	t.Parallel()
	item := queue.Item{Key: strings.Repeat("<", 128), ID: strings.Repeat("&", 128), Data: []byte("x")}
	e := envelope.Envelope{Item: item, Put: buried, Attempts: 1 << 40, Buried: buried}
	if n := len(envelope.Format(e)) - 1; n > envelope.MaxOverhead {
		t.Errorf("%d bytes, above %d", n, envelope.MaxOverhead)
	}
}

func TestParseForeignText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "x", "mayfly/1", "mayfly/1 {}", "mayfly/2 {}\nx", "mayfly/1 {\nx", "mayfly/1 []\nx",
		"mayfly/1 {\"key\":1}\nx",
		"mayfly/1 {\"base64\":true}\n*",
	} {
		if got, ok := envelope.Parse(text); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// Ensure that whatever is in a queue is read as it was written, or not at all.
func FuzzParse(f *testing.F) {
	f.Add("mayfly/1 {\"key\":\"a\",\"id\":\"b\",\"base64\":true}\nAAEC")
	f.Add("mayfly/1 {\"key\":\"a\",\"buried\":12,\"reason\":{}}\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := envelope.Parse(text)
		if !ok {
			return
		}
		again, ok := envelope.Parse(envelope.Format(e))
		if !ok || !bytes.Equal(e.Data, again.Data) || e.ID != again.ID || e.Key != again.Key {
			t.Fatalf("%+v, then %+v", e, again)
		}
	})
}
