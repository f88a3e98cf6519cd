package commands

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"mayfly/function/internal/receipt"
	"mayfly/transform/answer"
	"mayfly/transform/downlink"
)

// Len tells how many messages go with the answer.
func (d *Delivery) Len() int {
	if d == nil || d.batch == nil {
		return 0
	}
	return len(d.batch.Messages)
}

// JSON is the messages as Mayfly's own answer has them, a list; nil where there are none.
func (d *Delivery) JSON() []byte {
	if d.Len() == 0 || d.hono {
		return nil
	}
	b := []byte{'['}
	for i, m := range d.batch.Messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCommand(b, m)
	}
	return append(b, ']')
}

func appendCommand(b []byte, m *downlink.Message) []byte {
	text := func(name, value string) {
		quoted, _ := json.Marshal(value) // texts always marshal
		b = append(append(append(append(b, '"'), name...), `":`...), quoted...)
	}
	b = append(b, '{')
	text("name", m.Name())
	b = append(append(b, `,"payload":`...), m.Payload()...)
	b = append(b, ',')
	text("id", m.ID)
	b = strconv.AppendUint(append(b, `,"sequence":`...), m.Sequence, 10)
	if m.CorrelationID != "" {
		b = append(b, ',')
		text("correlationId", m.CorrelationID)
	}
	return append(b, '}')
}

// Reply is the answer of a source, or of Eclipse Hono; ok is false where it is Mayfly's own.
func (d *Delivery) Reply() (reply answer.Replied, ok bool) {
	switch {
	case d.Len() == 0:
	case d.hono:
		return hono(d.batch.Messages[0]), true
	case d.reply.Body != nil || d.reply.Status != 0:
		return d.reply, true
	}
	return answer.Replied{}, false
}

// hono writes a command as Eclipse Hono's HTTP adapter does: name and request id in headers, the payload as the body.
func hono(m *downlink.Message) answer.Replied {
	reply := answer.Replied{
		Status: http.StatusOK, ContentType: m.ContentType, Body: m.Body,
		Header: map[string]string{
			"Hono-Command": headerText(m.Name()), "Hono-Cmd-Req-Id": headerText(m.ID),
			"Mayfly-Command-Sequence": strconv.FormatUint(m.Sequence, 10),
		},
	}
	if reply.ContentType = headerText(reply.ContentType); reply.ContentType == "" {
		reply.ContentType = "application/octet-stream"
		if json.Valid(m.Body) {
			reply.ContentType = "application/json"
		}
	}
	if reply.Body == nil {
		reply.Body = []byte{}
	}
	return reply
}

// headerText makes a text fit for a header: one line of ASCII.
func headerText(text string) string {
	out := []byte(text)
	for i, c := range out {
		if c < ' ' || c > '~' {
			out[i] = ' '
		}
	}
	return string(out)
}

// Prepare makes an answer that is about to be written one whose arrival can be told, where it matters.
func (d *Delivery) Prepare(w http.ResponseWriter, reply *answer.Replied) {
	pushes := d != nil && d.push != nil
	if d.Len() == 0 && !pushes {
		return
	}
	receipt.Prepare(w) // what is pushed would hold up the next request on the connection
	if !pushes {
		w.Header().Set("Cache-Control", "no-store")
	}
	if reply.Status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(reply.Body)))
	}
	d.gone = d.client != nil && d.client.Err() != nil
}

// Written takes note of how writing the answer ended.
func (d *Delivery) Written(err error) {
	if d == nil {
		return
	}
	if d.err = err; err == nil && d.gone {
		d.err = errGone
	}
}

// Settle completes the messages when the answer has arrived, and gives them back where it has not, or was not written.
func (d *Delivery) Settle(ctx context.Context, w http.ResponseWriter) {
	if d != nil && d.push != nil {
		d.pushNow(ctx, w)
		return
	}
	if d.Len() == 0 {
		return
	}
	receipt.After(w, d.err, func(err error) { d.batch.Settle(ctx, err) })
}
