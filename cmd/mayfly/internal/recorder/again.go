package recorder

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
)

// againHeader marks a request that is sent again, until it has come in.
const againHeader = "Mayfly-Again"

const (
	againTime    = time.Minute
	maxRepeating = 64
)

// repeats are the requests that are being sent again.
type repeats struct {
	mu   sync.Mutex
	list map[string]*repeating
}

// repeating is one request that is sent again. A nil one is any other request.
type repeating struct {
	of   uint64
	came chan *entry // the entry that was made of it, or nil
}

func (p *repeating) done(e *entry) {
	if p != nil {
		p.came <- e
	}
}

// begin announces a request under a name that nobody can guess.
func (r *repeats) begin(of uint64) (string, *repeating, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) >= maxRepeating {
		return "", nil, errors.New("too many requests are being sent again")
	}
	if r.list == nil {
		r.list = map[string]*repeating{}
	}
	name, p := rand.Text(), &repeating{of, make(chan *entry, 1)}
	r.list[name] = p
	return name, p, nil
}

func (r *repeats) end(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.list, name)
}

// take recognizes a request that is sent again and takes the mark off it.
func (r *repeats) take(e *entry, in *http.Request) *repeating {
	names := in.Header[againHeader]
	if len(names) != 1 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.list[names[0]]
	if p != nil {
		delete(r.list, names[0])
		delete(in.Header, againHeader)
		e.again = p.of
	}
	return p
}

// Edited is what is sent instead of what came. What is left out is sent as it was.
type Edited struct {
	Method  *string      `json:"method"`
	Path    *string      `json:"path"`
	Query   *string      `json:"query"`
	Headers *[][2]string `json:"headers"` // all of them
	Body    *string      `json:"body"`
	Base64  *string      `json:"base64"` // a body that is not text
}

// errCut is a request of which a part is not kept.
var errCut = errors.New("only a part of the request is kept, so it cannot be sent again as it was")

// outgoing is a request to be sent.
type outgoing struct {
	method, path, query string
	header              http.Header
	body                []byte
}

// outgoing makes the request that is to be sent. The placeholders of credentials become what they stand for.
func (e *entry) outgoing(edit *Edited, secrets *hidden.Secrets) (*outgoing, error) {
	out := &outgoing{e.method, e.path, e.query, header(e.head), e.body}
	if edit.Method != nil {
		out.method = *edit.Method
	}
	if edit.Path != nil {
		out.path = *edit.Path
	}
	if edit.Query != nil {
		out.query = secrets.Reveal(*edit.Query)
	}
	if edit.Headers != nil {
		out.header = http.Header{}
		for _, h := range *edit.Headers {
			name := textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(h[0]))
			if name != "" {
				out.header[name] = append(out.header[name], secrets.Reveal(h[1]))
			}
		}
	} else if e.headCut {
		return nil, errCut
	}
	switch {
	case edit.Base64 != nil:
		body, err := base64.StdEncoding.DecodeString(*edit.Base64)
		if err != nil {
			return nil, fmt.Errorf("base64: %w", err)
		}
		out.body = body
	case edit.Body != nil:
		out.body = []byte(secrets.Reveal(*edit.Body))
	case e.size > int64(len(e.body)) || e.unread && e.size == 0 && contentLength(out.header) > 0:
		return nil, errCut
	}
	if edit.Body != nil || edit.Base64 != nil {
		out.header.Del("Content-Encoding") // what is shown, and edited, is decompressed
	}
	return out, nil
}

func contentLength(h http.Header) int {
	n := 0
	_, _ = fmt.Sscan(h.Get("Content-Length"), &n)
	return n
}

// repeat sends a request to the bridge and returns what was recorded of it.
func (rec *Recorder) repeat(ctx context.Context, of uint64, out *outgoing) (*entry, error) {
	base := rec.bridge.Load()
	if base == nil {
		return nil, errors.New("the bridge does not listen yet")
	}
	ctx, cancel := context.WithTimeout(ctx, againTime)
	defer cancel()
	target := *base + "/" + strings.TrimPrefix(out.path, "/")
	if out.query != "" {
		target += "?" + out.query
	}
	r, err := http.NewRequestWithContext(ctx, out.method, target, bytes.NewReader(out.body))
	if err != nil {
		return nil, badRequest("this request cannot be sent: %w", err)
	}
	for name, values := range out.header {
		if !slices.Contains(hopHeaders, name) {
			r.Header[name] = values
		}
	}
	if r.Header["User-Agent"] == nil {
		r.Header["User-Agent"] = []string{""} // none, as it was
	}
	name, p, err := rec.repeats.begin(of)
	if err != nil {
		return nil, err
	}
	defer rec.repeats.end(name)
	r.Header[againHeader] = []string{name}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(r)
	if err != nil && strings.HasPrefix(err.Error(), "net/http: invalid header ") {
		return nil, badRequest("this request cannot be sent: %s", strings.TrimPrefix(err.Error(), "net/http: "))
	}
	if err != nil {
		return nil, fmt.Errorf("the bridge did not answer: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxPlain))
	_ = res.Body.Close()
	select {
	case e := <-p.came:
		if e == nil {
			return nil, fmt.Errorf("it was answered %d; requests of this kind are not recorded", res.StatusCode)
		}
		return e, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("it was answered %d, and is not recorded", res.StatusCode)
	case <-time.After(time.Second): // refused before the bridge saw it
		return nil, fmt.Errorf("it was answered %d before the bridge saw it", res.StatusCode)
	}
}

// hopHeaders belong to a connection and are made anew.
var hopHeaders = []string{
	"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	againHeader,
}

// curl is a command that sends the request; credentials are placeholders.
func (rec *Recorder) curl(r *Received) string {
	const maxCurl = 16 << 10
	base := "http://127.0.0.1:7071"
	if b := rec.bridge.Load(); b != nil {
		base = *b
	}
	target := base + r.Path
	if r.Query != "" {
		target += "?" + r.Query
	}
	if len(r.Body.Text)+len(r.Body.Base64) > maxCurl || r.Body.Cut {
		return ""
	}
	// The query may have brackets (-g).
	parts := []string{"curl -g -i -X " + quoted(r.Method) + " " + quoted(target)}
	for _, h := range r.Headers {
		switch h[0] {
		case "User-Agent", "Accept", "Accept-Encoding", "Content-Encoding":
			continue // curl has its own; the body below is decompressed
		}
		if !slices.Contains(hopHeaders, h[0]) {
			parts = append(parts, "-H "+quoted(h[0]+": "+h[1]))
		}
	}
	before := ""
	switch {
	case r.Body.Base64 != "":
		before = "echo " + r.Body.Base64 + " | base64 -d | "
		parts = append(parts, "--data-binary @-")
	case r.Body.Text != "":
		parts = append(parts, "--data-raw "+quoted(r.Body.Text)) // which reads no file where it begins with @
	}
	return before + strings.Join(parts, " \\\n  ")
}

// quoted writes a text for a shell.
func quoted(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:=,@%+"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
