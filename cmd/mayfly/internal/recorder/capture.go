package recorder

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"mayfly/cmd/mayfly/internal/recorder/head"
	"mayfly/function"
)

// What is kept of one request.
const (
	maxBody   = 1 << 20
	maxHead   = 64 << 10 // of the headers
	maxTarget = 16 << 10 // of the path, and of the query
	maxAnswer = 16 << 10
	// maxRest is how much of a body is read that the bridge has not asked for, because it refused the request before.
	maxRest  = 64 << 10
	restTime = time.Second

	entryBytes = 900 // what an entry takes beside its texts, about
	callBytes  = 260
)

// entry is a request with its answer. It does not change once it is kept, but for its calls.
type entry struct {
	id    uint64
	held  int // bytes that the ring counts for it
	began time.Time
	took  time.Duration

	method, path, query, host, proto, remote string
	head                                     []byte // lines of headers
	headCut                                  bool
	body                                     []byte
	size                                     int64 // of the body, as far as it was read
	unread                                   bool  // the bridge answered before the body was read to its end

	status     int
	answerHead []byte
	answer     []byte
	answerSize int

	outcome  *function.Finished
	again    uint64 // the request that it repeats; 0: none
	imported *Detail

	mu    sync.Mutex
	calls []call
	more  int // calls that are not kept
}

type entryKey struct{}

// entryOf returns the entry of the request that ctx belongs to, or nil.
func entryOf(ctx context.Context) *entry {
	e, _ := ctx.Value(entryKey{}).(*entry)
	return e
}

// bytes is about what an entry holds.
func (e *entry) bytes() int {
	n := entryBytes + len(e.method) + len(e.path) + len(e.query) + len(e.head) + cap(e.body) + len(e.answerHead) +
		cap(e.answer)
	if e.imported != nil {
		n += e.imported.stored
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.calls {
		n += callBytes + len(e.calls[i].text)
	}
	return n
}

// Handler records what comes in to next and what it answers. Requests of which Finished is not told, such as health
// checks, are not kept.
func (rec *Recorder) Handler(next http.Handler) http.Handler {
	if rec == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &entry{
			began: rec.now(), method: r.Method, path: clip(r.URL.EscapedPath(), maxTarget),
			query: clip(r.URL.RawQuery, maxTarget), host: r.Host, proto: r.Proto, remote: r.RemoteAddr,
		}
		repeated := rec.repeats.take(e, r)
		e.head, e.headCut = lines(r.Header, maxHead)
		body := &bodyTap{ReadCloser: r.Body, length: r.ContentLength}
		r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
		r.Body = body
		answer := &answerTap{ResponseWriter: w}
		defer func() {
			if e.outcome == nil {
				repeated.done(nil)
				return
			}
			e.took = rec.now().Sub(e.began)
			rec.readRest(w, r, body)
			e.body, e.size, e.unread = trimmed(body.kept), body.size, !body.ended
			e.status, e.answer, e.answerSize = answer.code(), trimmed(answer.kept), answer.size
			e.answerHead, _ = lines(w.Header(), maxHead)
			rec.add(e)
			repeated.done(e)
		}()
		if e.outcome = head.Refuse(answer, r); e.outcome != nil {
			if told := rec.told.Load(); told != nil {
				(*told)(e.outcome)
			}
			return
		}
		next.ServeHTTP(answer, r)
	})
}

// trimmed returns bytes without much room behind them.
func trimmed(text []byte) []byte {
	if cap(text)-len(text) > len(text)/4+64 {
		return bytes.Clone(text)
	}
	return text
}

// readRest reads a short body that the bridge has not read, because it refused the request before. A sender that waits
// to be asked for its body is not asked.
func (rec *Recorder) readRest(w http.ResponseWriter, r *http.Request, body *bodyTap) {
	if body.ended || r.ContentLength <= 0 || r.ContentLength > maxRest || r.Header.Get("Expect") != "" {
		body.ended = body.ended || r.ContentLength == 0
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxRest))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// lines writes headers one per line, as many as fit.
func lines(header http.Header, limit int) (text []byte, cut bool) {
	size := 0
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value) + 2
		}
	}
	text = make([]byte, 0, min(size, limit))
	for name, values := range header {
		for _, value := range values {
			if room := limit - len(text) - len(name) - 2; len(value) > room {
				cut = true
				if room < 1 {
					continue
				}
				value = value[:room]
			}
			text = append(append(append(append(text, name...), ':'), value...), '\n')
		}
	}
	return text, cut
}

// header reads what lines has written.
func header(text []byte) http.Header {
	h := http.Header{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		h[name] = append(h[name], value)
	}
	return h
}

// bodyTap keeps the beginning of what is read.
type bodyTap struct {
	io.ReadCloser
	length int64 // that the sender tells; -1 where it does not
	kept   []byte
	size   int64
	ended  bool
}

// Read implements io.Reader.
func (b *bodyTap) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if room := maxBody - len(b.kept); room > 0 && n > 0 {
		if b.kept == nil {
			b.kept = make([]byte, 0, max(n, int(min(b.length, maxBody))))
		}
		b.kept = append(b.kept, p[:min(n, room)]...)
	}
	b.size += int64(n)
	b.ended = b.ended || err == io.EOF
	return n, err
}

// Cut ends the wait for the rest of the body, where the host can do that.
func (b *bodyTap) Cut() {
	if c, ok := b.ReadCloser.(interface{ Cut() }); ok {
		c.Cut()
	}
}

// answerTap keeps the beginning of what is answered.
type answerTap struct {
	http.ResponseWriter
	status int
	kept   []byte
	size   int
}

// WriteHeader implements http.ResponseWriter.
func (a *answerTap) WriteHeader(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answerTap) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	if room := maxAnswer - len(a.kept); room > 0 && n > 0 {
		a.kept = append(a.kept, p[:min(n, room)]...)
	}
	a.size += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answerTap) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answerTap) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "... (" + strconv.Itoa(len(text)) + " bytes)"
}
