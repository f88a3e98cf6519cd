package trigger

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mayfly/transform"
	"mayfly/transform/message"
)

// finder finds the values of a request that decide something about its messages, by trying.
type finder struct {
	source *transform.Source
	base   *message.Request
}

// outcome maps a request that was changed.
func (f *finder) outcome(ctx context.Context, c *content) ([]message.Message, error) {
	out, err := f.source.Map(ctx, c.write(f.base))
	return out.Messages, err
}

// change writes an id into a place.
type change struct {
	at    place
	write writing
}

// writing is a form in which a value has the id; nil where it cannot.
type writing func(id string) any

// device finds the changes that make a request one about a device.
func (f *finder) device(ctx context.Context, c *content, id string) ([]change, error) {
	before, err := f.outcome(ctx, c)
	if err != nil || len(before) == 0 {
		return nil, fmt.Errorf("the sample makes no messages: choose another one with --sample")
	}
	leaves := c.leaves()
	old := before[0].DeviceID
	leaves = append(leaves, leaf{place{inPath: true}, f.base.Path, false})
	slices.SortStableFunc(leaves, func(a, b leaf) int { return nearness(b, before) - nearness(a, before) })
	var changes []change
	now, have := c.clone(), count(before, id)
	done := func(messages []message.Message) bool {
		return !slices.ContainsFunc(messages, func(m message.Message) bool { return !sameID(m.DeviceID, id) })
	}
	leaves = append(leaves, leaf{place{raw: true}, c.text(), false}) // the last resort
	for _, l := range leaves {
		for _, write := range writings(l, old) {
			value := write(id)
			if value == nil {
				continue
			}
			next := now.clone()
			if next.set(&l.place, value) != nil {
				continue
			}
			after, err := f.outcome(ctx, next)
			if err != nil || len(after) != len(before) || count(after, id) <= have {
				continue
			}
			changes, now, have = append(changes, change{l.place, write}), next, count(after, id)
			if done(after) {
				return changes, nil
			}
			break
		}
	}
	if len(changes) > 0 { // the others are messages of other devices
		return changes, nil
	}
	return nil, fmt.Errorf("no value of the sample makes %s the device id of %s: its sample is about %s, so an id "+
		"of that "+
		"form may do", message.Quote(id), f.source.Name, before[0].DeviceID)
}

func mapped(ctx context.Context, f *finder, c *content) []message.Message {
	messages, _ := f.outcome(ctx, c) // none are as good as an error
	return messages
}

func count(messages []message.Message, id string) (n int) {
	for i := range messages {
		if sameID(messages[i].DeviceID, id) {
			n++
		}
	}
	return n
}

// nearness is higher for values that look like the device's id.
func nearness(l leaf, messages []message.Message) int {
	text := plainID(l.text)
	for i := range messages {
		switch id := plainID(messages[i].DeviceID); {
		case text == id:
			return 2
		case text != "" && (strings.Contains(text, id) || strings.Contains(id, text)):
			return 1
		}
	}
	return 0
}

// sameID tells whether an id is the one that was asked for, however the source writes it, and with what it puts behind.
func sameID(id, asked string) bool { return strings.HasPrefix(plainID(id), plainID(asked)) }

func plainID(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ':' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// writings are the forms in which a value may have the id; old is that of the sample.
func writings(l leaf, old string) []writing {
	inside := func(id string) any {
		for _, spelling := range []string{old, strings.ToUpper(old), strings.ToLower(old)} {
			if !strings.Contains(l.text, spelling) {
				continue
			}
			if spelling != old && spelling == strings.ToUpper(old) {
				id = strings.ToUpper(id)
			}
			return strings.ReplaceAll(l.text, spelling, id)
		}
		return nil
	}
	switch {
	case l.number:
		return []writing{func(id string) any {
			if n, ok := message.ParseNumber(id); ok {
				return n
			}
			return nil
		}}
	case l.raw || l.inPath:
		return []writing{inside}
	}
	return []writing{
		func(id string) any { return id },
		func(id string) any { return strings.ToUpper(id) },
		func(id string) any {
			raw, err := hex.DecodeString(id)
			if err != nil {
				return nil
			}
			return base64.StdEncoding.EncodeToString(raw)
		},
		inside,
	}
}

// fresh finds the changes that give a request a time of its own, and another message id.
func (f *finder) fresh(ctx context.Context, c *content) (times []place, ids []place) {
	before := mapped(ctx, f, c)
	if len(before) == 0 {
		return nil, nil
	}
	at := before[0].Time
	for _, l := range append(c.leaves(), c.tokens()...) {
		if len(l.path) == 0 && l.query == "" && l.token == "" {
			continue
		}
		if moved, ok := shifted(l, at.Add(-time.Hour)); ok && !at.IsZero() {
			next := c.clone()
			if next.set(&l.place, moved) == nil {
				after := mapped(ctx, f, next)
				if len(after) == len(before) && !same(before, after,
					func(m *message.Message) any { return m.Time.UnixNano() }) {
					times = append(times, l.place)
					continue
				}
			}
		}
		if other, ok := different(l, 7); ok && l.token == "" {
			next := c.clone()
			if next.set(&l.place, other) != nil {
				continue
			}
			after := mapped(ctx, f, next)
			if len(after) == len(before) && same(before, after, func(m *message.Message) any { return m.DeviceID }) &&
				!same(before, after, func(m *message.Message) any { return m.MessageID }) {
				ids = append(ids, l.place)
			}
		}
	}
	return times, ids
}

func same(a, b []message.Message, of func(*message.Message) any) bool {
	for i := range a {
		if of(&a[i]) != of(&b[i]) {
			return false
		}
	}
	return true
}

// layouts are those of times as texts, the first that a text has.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02T15:04:05-0700",
	"06-01-02 15:04:05", "2006-01-02T15:04:05", "02/01/2006 15:04:05", "02.01.2006 15:04:05",
	"2006-01-02 15:04:05 MST", "1/2/2006 3:04:05 PM",
}

// shifted writes a time in the form of a value.
func shifted(l leaf, t time.Time) (any, bool) {
	if n, ok := message.ParseNumber(l.text); ok && !strings.ContainsAny(l.text, "eE-") {
		whole, _, _ := strings.Cut(l.text, ".")
		value := map[int]int64{10: t.Unix(), 13: t.UnixMilli(), 16: t.UnixMicro(), 19: t.UnixNano()}[len(whole)]
		if value == 0 {
			return nil, false
		}
		text := fmt.Sprint(value)
		if l.number {
			return json.Number(text), n != ""
		}
		return text, true
	}
	for _, layout := range layouts {
		if _, err := time.Parse(layout, l.text); err == nil {
			return t.UTC().Format(layout), true
		}
	}
	return nil, false
}

// different writes another value of the same form.
func different(l leaf, n int) (any, bool) {
	if l.number {
		if strings.ContainsAny(l.text, ".eE-") || len(l.text) > 9 {
			return nil, false
		}
		old, ok := message.ParseNumber(l.text)
		if !ok {
			return nil, false
		}
		i, err := old.Int64()
		return json.Number(fmt.Sprint(i + int64(n))), err == nil
	}
	if len(l.text) < 6 || strings.ContainsAny(l.text, " {}\n") {
		return nil, false
	}
	digits := fmt.Sprintf("%06x", n)
	return l.text[:len(l.text)-len(digits)] + digits, true
}
