package lookup

import (
	"bytes"
	"context"
	"net/url"

	"mayfly/transform/message"
)

// query is what is asked for a message.
type query struct {
	key   string // of the cache
	url   *url.URL
	body  []byte
	known bool // url and body are there
}

// query says which answer is wanted; nil where there is nothing to look up. Where the look-up has a key of its own, the
// URL is left to address: an answer that is kept needs none.
func (l *lookup) query(ctx context.Context, in *Input) (*query, *Error) {
	q := &query{}
	if l.key == nil {
		if err := l.address(ctx, in, q); err != nil || q.url == nil {
			return nil, err
		}
		text := q.url.String()
		if q.body != nil {
			text += "\x00" + string(q.body)
		}
		q.key = l.keyOf(text)
		return q, nil
	}
	run := l.run(ctx, in)
	defer run.Done()
	value, err := run.One(l.key, in.Measurements)
	if err != nil {
		return nil, l.fail(err)
	}
	if value == nil {
		return nil, nil
	}
	text, ok := message.ScalarText(value)
	if !ok {
		written, err := message.Marshal(value)
		if err != nil {
			return nil, l.fail(err)
		}
		text = string(written)
	}
	q.key = l.keyOf(text)
	return q, nil
}

// address makes the URL and the body of a query; the URL stays nil where there is nothing to look up.
func (l *lookup) address(ctx context.Context, in *Input, q *query) *Error {
	if q.known {
		return nil
	}
	q.known = true
	run := l.run(ctx, in)
	defer run.Done()
	text, err := run.Text(l.url, in.Measurements)
	if err != nil {
		return l.fail(err)
	}
	if text == "" {
		return nil
	}
	if q.url, err = l.origin.check(text); err != nil {
		return &Error{Name: l.Name, Kind: Expression, Detail: err.Error()}
	}
	if l.body == nil {
		return nil
	}
	value, err := run.One(l.body, in.Measurements)
	if err == nil {
		q.body, err = message.Marshal(value)
	}
	if err != nil {
		return l.fail(err)
	}
	q.body = bytes.Clone(q.body)
	return nil
}
