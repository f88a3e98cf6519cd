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
	mu     sync.Mutex // held while a session is made, which is one at a time
	ready  *session
	failed error
	retry  time.Time // no session is made before
	nc     *nats.Conn

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
	retryAfter     = time.Second // for a server that could not be reached
)

func (l *link) current() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready
}

// connection is nil before the first one.
func (l *link) connection() *nats.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nc
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

// session gives the queue's session. It makes one where there is none, or tells why it could not just now.
func (q *Queue) session(ctx context.Context) (*session, error) {
	l := &q.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.ctx.Err() != nil {
		return nil, q.fail(queue.Unavailable, errors.New("the queue is closed"))
	}
	if l.ready != nil {
		if !l.nc.IsConnected() {
			return nil, q.offline()
		}
		return l.ready, nil
	}
	if q.o.Now().Before(l.retry) {
		return nil, l.failed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := q.newSession(ctx)
	l.ready, l.failed, l.retry = s, err, time.Time{}
	if err != nil {
		l.ready, l.retry = nil, q.o.Now().Add(retryAfter)
		return nil, err
	}
	return s, nil
}

// offline is the error of a connection that is lost.
func (q *Queue) offline() error {
	err := q.link.nc.LastError()
	if err == nil {
		err = nats.ErrDisconnected
	}
	return q.fail(kindOf(err), err)
}

func (q *Queue) newSession(ctx context.Context) (*session, error) {
	l := &q.link
	if l.nc == nil || l.nc.IsClosed() {
		nc, err := q.connect(ctx)
		if err != nil {
			return nil, q.fail(kindOf(err), err)
		}
		l.nc = nc
	}
	if !l.nc.IsConnected() {
		return nil, q.offline()
	}
	js, err := jetstream.New(l.nc, jetstream.WithDefaultTimeout(callTimeout))
	if err != nil {
		return nil, q.fail(queue.Unavailable, err)
	}
	s := &session{js: js, itemBytes: min(maxItemBytes, int(l.nc.MaxPayload())-headerBytes)}
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
		token, err := q.secret(ctx, t.token)
		return []nats.Option{nats.Token(strings.TrimSpace(token))}, err
	case t.user != "":
		password, err := q.secret(ctx, t.password)
		return []nats.Option{nats.UserInfo(t.user, strings.TrimSpace(password))}, err
	}
	return nil, nil
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
