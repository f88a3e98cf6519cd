package lookup

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/itchyny/gojq"

	"mayfly/internal/egress"
)

// origin is where the calls of a look-up go.
type origin struct {
	scheme string
	host   string // lower case, with its port
}

func (o origin) String() string { return o.scheme + "://" + o.host }

// originOfURL gives the origin of a URL.
func originOfURL(u *url.URL) origin {
	scheme := strings.ToLower(u.Scheme)
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return origin{scheme, net.JoinHostPort(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port)}
}

// checkPublic refuses a host that is known not to be public. Other names are checked when they are resolved.
func (o origin) checkPublic() error {
	host, _, _ := net.SplitHostPort(o.host)
	ip, err := netip.ParseAddr(host)
	if err == nil && !egress.IsPublic(ip) || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return fmt.Errorf("%s is not a public address", host)
	}
	return nil
}

// isPlainURL tells whether a text is a URL itself, and not jq that gives one.
func isPlainURL(text string) bool {
	text = strings.TrimSpace(text)
	return (strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")) && !strings.Contains(text, "\n")
}

var errOrigin = errors.New("must begin with a constant scheme and host, as in " +
	`@uri "https://api.example.com/assets/\(.serial)": a sender must not choose where a request goes`)

// originOf reads scheme and host of the URLs that a jq text gives, which it must not compute. escaped tells whether
// all that it puts into the URL is percent-encoded.
func originOf(text string) (found origin, escaped bool, err error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return origin{}, false, err
	}
	p := &prefix{escaped: true}
	p.query(query)
	text = p.text.String()
	u, err := url.Parse(text)
	if i := strings.Index(text, "://"); err != nil || i < 0 || !p.whole && !strings.ContainsAny(text[i+3:], "/?#") {
		return origin{}, false, errOrigin
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return origin{}, false, fmt.Errorf("must be https, not %s", u.Scheme)
	case u.Hostname() == "":
		return origin{}, false, errOrigin
	case u.User != nil:
		return origin{}, false, errors.New("must not have a user or a password: headers hold credentials")
	}
	return originOfURL(u), p.escaped, nil
}

// prefix collects the constant text with which the result of a query begins.
type prefix struct {
	text    strings.Builder
	whole   bool // there is nothing behind it
	escaped bool
}

// query reads the beginning of what q gives; p.whole is set where that is all.
func (p *prefix) query(q *gojq.Query) {
	switch {
	case q.Term != nil:
		p.term(q.Term)
	case q.Op == gojq.OpPipe: // with "as" or without: the result is that of its right side
		p.query(q.Right)
	case q.Op == gojq.OpAdd:
		if p.query(q.Left); p.whole {
			p.query(q.Right)
			return
		}
		p.rest(q.Right)
	default:
		p.whole = false
	}
}

func (p *prefix) term(t *gojq.Term) {
	p.whole = false
	switch {
	case len(t.SuffixList) > 0:
	case t.Type == gojq.TermTypeQuery:
		p.query(t.Query)
	case t.Type == gojq.TermTypeString, t.Type == gojq.TermTypeFormat && t.Str != nil:
		p.string(t.Str, t.Format == "@uri")
	default:
		p.escaped = p.escaped && encodes(t)
	}
}

// string reads a text, up to the first value in it.
func (p *prefix) string(s *gojq.String, encoded bool) {
	p.text.WriteString(s.Str)
	p.whole = true
	for _, part := range s.Queries {
		switch {
		case constant(part) && p.whole:
			p.text.WriteString(part.Term.Str.Str)
		case !constant(part):
			p.whole = false
			if !encoded {
				p.rest(part)
			}
		}
	}
}

// rest looks at what stands behind the constant beginning: is it percent-encoded?
func (p *prefix) rest(q *gojq.Query) {
	behind := &prefix{escaped: true}
	if q.Term != nil && q.Term.Type == gojq.TermTypeQuery && len(q.Term.SuffixList) == 0 {
		q = q.Term.Query
	}
	for q.Op == gojq.OpPipe {
		q = q.Right
	}
	switch {
	case q.Op == gojq.OpAdd:
		behind.rest(q.Left)
		behind.rest(q.Right)
	case q.Term != nil:
		behind.term(q.Term)
	default:
		behind.escaped = false
	}
	p.escaped = p.escaped && behind.escaped
}

// encodes tells whether a term gives nothing that has a meaning in a URL.
func encodes(t *gojq.Term) bool {
	return t.Type == gojq.TermTypeNumber || t.Type == gojq.TermTypeFormat && t.Format == "@uri"
}

var (
	errOtherHost = errors.New("the URL leaves the host of the look-up")
	errPath      = errors.New(`the path of the URL has "." or ".." in it, or characters that no path may have`)
	errLongURL   = errors.New("the URL is too long")
)

const maxURL = 8 << 10

// check parses a URL that an expression gave, and checks that it is of this origin, and that its path is what it looks
// like.
func (o origin) check(text string) (*url.URL, error) {
	if len(text) > maxURL {
		return nil, errLongURL
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the URL cannot be parsed") // the error quotes it
	}
	if u.User != nil || u.Opaque != "" || originOfURL(u) != o {
		return nil, errOtherHost
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." || strings.ContainsFunc(segment, notInPath) {
			return nil, errPath
		}
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func notInPath(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }
