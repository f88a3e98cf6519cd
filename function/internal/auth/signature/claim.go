package signature

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"mayfly/function/internal/auth/jwks"
	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// scheme finds a request's proof, and tells whether it is right.
type scheme interface {
	// Shown tells whether a request has a proof, before its body is read; true where the body may have it.
	Shown(r *http.Request) bool
	// Covers tells whether nobody but the sender can change a part of the request beside
	// the body.
	Covers(p Part, name string) bool
	// verify gives what the request claims, once that is proved. Its error is errNone or
	// errWrong, another Error, or one of what it needs.
	verify(q *asked) (claim, error)
}

// Part is a part of a request beside its body.
type Part string

// The parts, as mappings name them.
const (
	PartMethod  Part = "method"
	PartPath    Part = "path"
	PartQuery   Part = "query"   // one parameter; all where the name is empty
	PartHeaders Part = "headers" // one header, by its name in any case; all where it is empty
)

// Body is the body of a request.
type Body struct {
	Raw []byte // decompressed
	// Content reads it as the mapping will; nil where nothing does.
	Content func() (any, error)
}

// asked is a request that is to be verified.
type asked struct {
	*http.Request
	body Body
	keys []key
	now  time.Time
	// tolerance is how old and how early a time may be.
	tolerance time.Duration
	content   any // of the body, once it is read
	read      bool
	failed    error
}

func (q *asked) context() context.Context { return q.Request.Context() }

// member gives the text of a member of the body; false where there is none, or it is not one text, number or truth
// value.
func (q *asked) member(path string) (string, bool) {
	content, err := q.contents()
	if err != nil {
		return "", false
	}
	value := signing.Member(content, path)
	if value == nil {
		return "", false
	}
	return message.ScalarText(value)
}

func (q *asked) contents() (any, error) {
	if !q.read && q.body.Content != nil {
		q.read = true
		q.content, q.failed = q.body.Content()
	}
	return q.content, q.failed
}

// key is what a secret of a specification is for: a shared secret, or public keys.
type key struct {
	secret []byte
	public []jwks.Key
}

// claim is what a request says of its proof.
type claim struct {
	codes  [][]byte
	signed []byte
	time   time.Time
	timed  bool // the scheme has a time; a zero one could not be read
	once   bool // it is taken once, though it has no time
}

// coded is a scheme whose proof is a code over what is signed.
type coded interface {
	// claim reads what the request claims; false where it has no signature. The
	// codes are those of which one has to be right.
	claim(q *asked) (claim, bool)
	// code makes what is right for a secret.
	code(key []byte, c *claim) []byte
}

// verifyCode tells whether one of the codes is right.
func verifyCode(q *asked, s coded) (claim, error) {
	c, ok := s.claim(q)
	if !ok || len(c.codes) == 0 {
		return claim{}, errNone
	}
	right := false
	for _, k := range q.keys {
		want := s.code(k.secret, &c)
		for _, code := range c.codes[:min(len(c.codes), maxCodes)] {
			if equal(want, code) {
				right = true
			}
		}
	}
	if !right {
		return claim{}, errWrong
	}
	return c, nil
}

// signedTime reads the time of a signature: RFC 3339, or seconds or milliseconds
// since 1970.
func signedTime(text string) time.Time {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		if n > 100_000_000_000 { // the year 5138 in seconds, 1973 in milliseconds
			return time.UnixMilli(n)
		}
		return time.Unix(n, 0)
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
