package jetstream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"mayfly/function/internal/queue"
	"mayfly/internal/secret"
)

// link is the connection of a queue, and what is known of the stream behind it.
type link struct {
	mu     sync.Mutex // never held while the server is asked
	ready  *session
	failed error
	retry  time.Time     // no session is made before
	making chan struct{} // closed when the session that is being made is there, or has failed; nil when none is
	nc     *nats.Conn
	js     jetstream.JetStream // of nc

	seen   sync.Mutex
	denied chan struct{} // closed and replaced when the server refuses a subject
	reason error
}

// session is a connection whose stream was examined.
type session struct {
	js         jetstream.JetStream
	partitions int
	itemBytes  int
}

const (
	connectTimeout = 2 * time.Second
	retryAfter     = time.Second     // for a server that could not be reached
	readAgain      = 5 * time.Second // what a password's store is left alone for, while it is refused
)

func (l *link) current() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready
}

// connection gives the connection and its client; both are nil before the first one.
func (l *link) connection() (*nats.Conn, jetstream.JetStream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nc, l.js
}

// forget lets the stream be examined again.
func (l *link) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready = nil
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready = nil
	if l.nc != nil {
		l.nc.Close()
	}
}

// session gives the queue's session. It has one made where there is none, or tells why it could not just now. The
// context bounds only the wait: a session is everybody's.
func (q *Queue) session(ctx context.Context) (*session, error) {
	for {
		s, making, err := q.known()
		if s != nil || err != nil {
			return s, err
		}
		select {
		case <-making:
		case <-ctx.Done():
			return nil, q.fail(queue.Unavailable, ctx.Err())
		}
	}
}

// known gives the session, or why there is none, or what tells that one was made.
func (q *Queue) known() (*session, <-chan struct{}, error) {
	l := &q.link
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case q.ctx.Err() != nil:
		return nil, nil, q.fail(queue.Unavailable, errors.New("the queue is closed"))
	case l.ready != nil && !l.nc.IsConnected():
		return nil, nil, q.offline(l.nc)
	case l.ready != nil:
		return l.ready, nil, nil
	case q.o.Now().Before(l.retry):
		return nil, nil, l.failed
	case l.making == nil:
		l.making = make(chan struct{})
		q.wg.Go(q.makeSession)
	}
	return nil, l.making, nil
}

func (q *Queue) makeSession() {
	ctx, cancel := context.WithTimeout(q.ctx, callTimeout)
	defer cancel()
	s, err := q.newSession(ctx)
	l := &q.link
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready, l.failed, l.retry = s, err, time.Time{}
	if err != nil {
		l.ready, l.retry = nil, q.o.Now().Add(retryAfter)
	}
	close(l.making)
	l.making = nil
}

// offline is the error of a connection that is lost.
func (q *Queue) offline(nc *nats.Conn) error {
	err := nc.LastError()
	if err == nil {
		err = nats.ErrDisconnected
	}
	return q.fail(kindOf(err), err)
}

// newSession is called by one at a time.
func (q *Queue) newSession(ctx context.Context) (*session, error) {
	l := &q.link
	nc, js := l.connection()
	if nc == nil || nc.IsClosed() {
		var err error
		if nc, err = q.connect(ctx); err != nil {
			return nil, q.fail(kindOf(err), err)
		}
		// An acknowledgment that never comes, such as that of what the server denies, is not waited for without end.
		js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(callTimeout),
			jetstream.WithPublishAsyncTimeout(callTimeout))
		if err != nil {
			nc.Close()
			return nil, q.fail(queue.Unavailable, err)
		}
		l.mu.Lock()
		l.nc, l.js = nc, js
		l.mu.Unlock()
	}
	if !nc.IsConnected() {
		return nil, q.offline(nc)
	}
	s := &session{js: js, itemBytes: min(maxItemBytes, int(nc.MaxPayload())-headerBytes)}
	if err := q.examine(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

// connect opens the connection, which then heals itself. Nothing is buffered while it is lost: what was answered with
// an error must not be sent later.
func (q *Queue) connect(ctx context.Context) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("mayfly"), nats.Timeout(connectTimeout), nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, time.Second),
		nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(), nats.PingInterval(20 * time.Second),
		nats.ErrorHandler(q.refused), nats.NoCallbacksAfterClientClose(),
	}
	credentials, err := q.credentials(ctx)
	if err != nil {
		return nil, err
	}
	if q.target.ca != "" {
		options = append(options, nats.RootCAs(q.target.ca))
	}
	return nats.Connect(strings.Join(q.target.servers, ","), append(options, credentials...)...)
}

// credentials reads what the URL refers to.
func (q *Queue) credentials(ctx context.Context) ([]nats.Option, error) {
	t := q.target
	switch {
	case t.creds != "":
		text, err := q.secret(ctx, t.creds)
		if err != nil {
			return nil, err
		}
		return []nats.Option{nats.UserCredentialBytes([]byte(text))}, nil
	case t.nkey != "":
		seed, err := q.secret(ctx, t.nkey)
		if err != nil {
			return nil, err
		}
		pair, err := nkeys.FromSeed([]byte(strings.TrimSpace(seed)))
		if err != nil {
			return nil, errors.New("nkey is not the seed of a user")
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, errors.New("nkey is not the seed of a user")
		}
		return []nats.Option{nats.Nkey(public, pair.Sign)}, nil
	case t.token != "":
		token, err := q.again(ctx, t.token)
		return []nats.Option{nats.TokenHandler(token)}, err
	case t.user != "":
		password, err := q.again(ctx, t.password)
		return []nats.Option{nats.UserInfoHandler(func() (string, string) { return t.user, password() })}, err
	}
	return nil, nil
}

// again reads a secret, and gives what reads it again for later connections: it may be another one by then. One that
// cannot be read is as it was. It is called by the one goroutine that connects.
func (q *Queue) again(ctx context.Context, text string) (func() string, error) {
	last, err := q.secret(ctx, text)
	read := q.o.Now()
	return func() string {
		now := q.o.Now()
		if now.Sub(read) < readAgain {
			return strings.TrimSpace(last)
		}
		read = now
		call, cancel := context.WithTimeout(q.ctx, connectTimeout)
		defer cancel()
		if value, err := q.secret(call, text); err == nil {
			last = value
		}
		return strings.TrimSpace(last)
	}, err
}

func (q *Queue) secret(ctx context.Context, text string) (string, error) {
	ref, err := secret.Parse(text)
	if err != nil {
		return "", err
	}
	loader := q.o.Secrets
	if loader == nil {
		loader = &secret.Loader{}
	}
	return loader.Load(ctx, ref)
}

// refused is told of what the server says beside its answers: that a subject is not permitted is said nowhere else.
func (q *Queue) refused(_ *nats.Conn, _ *nats.Subscription, err error) {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return
	}
	l := &q.link
	l.seen.Lock()
	defer l.seen.Unlock()
	l.reason = err
	if l.denied != nil {
		close(l.denied)
		l.denied = nil
	}
}

// refusal gives a channel that is closed when the server refuses a subject from now on.
func (l *link) refusal() <-chan struct{} {
	l.seen.Lock()
	defer l.seen.Unlock()
	if l.denied == nil {
		l.denied = make(chan struct{})
	}
	return l.denied
}

func (l *link) refusalReason() error {
	l.seen.Lock()
	defer l.seen.Unlock()
	return l.reason
}
