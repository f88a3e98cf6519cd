package storagequeue

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/envelope"
)

// queueMessage is the body of a request that writes a message.
type queueMessage struct {
	XMLName xml.Name `xml:"QueueMessage"`
	Text    string   `xml:"MessageText"`
}

// message is a message as it is received or looked at.
type message struct {
	ID           string `xml:"MessageId"`
	Inserted     string `xml:"InsertionTime"`
	PopReceipt   string
	DequeueCount int
	Text         string `xml:"MessageText"`
}

// handle is what Azure knows a leased message by. Its receipt is another one after each change.
type handle struct {
	id string

	mu      sync.Mutex
	receipt string
}

// putMessage stores a text, in base64. It is visible after a time.
func (c *client) putMessage(ctx context.Context, text string, after time.Duration) error {
	return c.putAsIs(ctx, base64.StdEncoding.EncodeToString([]byte(text)), after)
}

func (c *client) putAsIs(ctx context.Context, text string, after time.Duration) error {
	query := url.Values{"messagettl": {"-1"}} // it never expires
	if after > 0 {
		query.Set("visibilitytimeout", seconds(after))
	}
	_, _, err := c.do(ctx, call{
		method: http.MethodPost, path: "/messages", query: query, text: text,
	})
	return err
}

// messages leases up to n messages, or looks at them where lease is 0.
func (c *client) messages(ctx context.Context, n int, lease time.Duration) ([]message, error) {
	query := url.Values{"numofmessages": {strconv.Itoa(min(max(n, 1), maxReceive))}}
	if lease > 0 {
		query.Set("visibilitytimeout", seconds(lease))
	} else {
		query.Set("peekonly", "true")
	}
	_, body, err := c.do(ctx, call{method: http.MethodGet, path: "/messages", query: query, once: true})
	if err != nil {
		return nil, err
	}
	var list struct {
		Messages []message `xml:"QueueMessage"`
	}
	if err := xml.Unmarshal(body, &list); err != nil {
		return nil, c.failed(queue.Unavailable, errors.New("the answer is not the XML that Azure documents"))
	}
	return list.Messages, nil
}

// update makes a leased message visible after a time.
func (c *client) update(ctx context.Context, h *handle, after time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	res, _, err := c.do(ctx, call{
		method: http.MethodPut, path: "/messages/" + url.PathEscape(h.id),
		query: url.Values{"popreceipt": {h.receipt}, "visibilitytimeout": {seconds(min(after, maxLease))}},
	})
	if err == nil {
		h.receipt = res.Header.Get("X-Ms-Popreceipt")
	}
	return err
}

// remove deletes a leased message. One that is gone already is what was wanted.
func (c *client) remove(ctx context.Context, h *handle) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _, err := c.do(ctx, call{
		method: http.MethodDelete, path: "/messages/" + url.PathEscape(h.id),
		query: url.Values{"popreceipt": {h.receipt}},
	})
	if answer, ok := errors.AsType[*apiError](err); ok && answer.code == "MessageNotFound" {
		return nil
	}
	return err
}

// leased makes an item of a message. A text that Put has not written is an item all the same: what it is worth is for
// the reader of items to say.
func (m *message) leased() *queue.Leased {
	text := m.Text
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		text = string(plain)
	}
	item := Item(m.ID, text, m.DequeueCount, m.Inserted)
	item.Handle = &handle{id: m.ID, receipt: m.PopReceipt}
	return item
}

// Item makes an item of a message that somebody else has received: its id, its text out of base64, how often it was
// received, and when it was stored, in the form of HTTP or of RFC 3339.
func Item(id, text string, count int, inserted string) *queue.Leased {
	item := &queue.Leased{Item: queue.Item{Key: id, ID: id, Data: []byte(text)}}
	if e, ok := envelope.Parse(text); ok {
		item.Item, item.Put, item.Attempts = e.Item, e.Put, e.Attempts
	}
	item.Attempts += max(count, 1)
	for _, layout := range []string{http.TimeFormat, time.RFC3339} {
		if at, err := time.Parse(layout, inserted); err == nil && item.Put.IsZero() {
			item.Put = at.UTC()
		}
	}
	return item
}

// seconds rounds up, so that nothing comes before its time.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((max(d, 0)+time.Second-1)/time.Second), 10)
}
