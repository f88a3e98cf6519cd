package lookup

import (
	"context"
	"net/url"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// query is what is asked for a message.
type query struct {
	cached string // the key of the cache
	key    any    // $key
	url    *url.URL
	body   []byte
	known  bool // url and body are there
}

// query says which answer is wanted; nil where there is nothing to look up. Where there is a key, the URL is left to
// address: an answer that is kept needs none.
func (l *lookup) query(ctx context.Context, in *Input) (*query, *Error) {
	q := &query{key: in.Key}
	if l.key == nil && !in.Keyed {
		if err := l.address(ctx, in, q); err != nil || q.url == nil {
			return nil, err
		}
		text := q.url.String()
		if q.body != nil {
			text += "\x00" + string(q.body)
		}
		q.cached = l.cacheKey(text)
		return q, nil
	}
	if !in.Keyed {
		run := mapping.NewRun(ctx, nil)
		defer run.Done()
		run.Bind(in.Message)
		var err error
		if q.key, err = run.One(l.key, in.Measurements); err != nil {
			return nil, l.fail(err)
		}
	}
	if q.key == nil {
		return nil, nil
	}
	text, ok := message.ScalarText(q.key)
	if !ok {
		written, err := message.Marshal(q.key)
		if err != nil {
			return nil, l.fail(err)
		}
		text = string(written)
	}
	q.cached = l.cacheKey(text)
	return q, nil
}

// text gives the URL of a message; empty where there is nothing to look up.
func (l *lookup) text(run *mapping.Run, in *Input) (string, error) {
	if l.template != nil {
		return l.template.fill(run, in.Measurements)
	}
	return run.Text(l.url, in.Measurements)
}

// address makes the URL and the body of a query; the URL stays nil where there is nothing to look up.
func (l *lookup) address(ctx context.Context, in *Input, q *query) *Error {
	if q.known {
		return nil
	}
	q.known = true
	run := mapping.NewRun(ctx, nil)
	defer run.Done()
	run.Bind(in.Message)
	run.Bind(q.key)
	text, err := l.text(run, in)
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
	return nil
}
