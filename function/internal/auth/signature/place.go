package signature

import (
	"net/http"
	"net/textproto"
	"strings"

	"mayfly/function/internal/httpquery"
	"mayfly/transform/signing"
)

// place is where a request has its proof: a header, a parameter or a member of the body.
type place struct {
	header, query, prefix string
	members               []string
}

func placeOf(s *signing.Spec) place {
	return place{textproto.CanonicalMIMEHeaderKey(s.Header), s.Query, s.Prefix, s.Members}
}

// Shown tells whether a request has a proof there, or a body that may have it.
func (p *place) Shown(r *http.Request) bool {
	return p.header != "" && r.Header.Get(p.header) != "" ||
		p.query != "" && httpquery.Values(r).Get(p.query) != "" ||
		len(p.members) > 0 && r.ContentLength != 0
}

// maxProof bounds the text of a proof: JWTs that repeat a message are the longest.
const maxProof = 16 << 10

// texts gives all proofs of a request, each of which has to be right. There are none where one is too long, or where a
// place has several.
func (p *place) texts(q *asked) []string {
	var found []string
	add := func(values []string, prefix string) bool {
		if len(values) == 0 || len(values) == 1 && values[0] == "" {
			return true
		}
		text, ok := strings.CutPrefix(values[0], prefix)
		found = append(found, text)
		return ok && len(values) == 1 && text != "" && len(text) <= maxProof
	}
	ok := true
	if p.header != "" {
		ok = add(q.Header.Values(p.header), p.prefix)
	}
	if p.query != "" {
		ok = add(httpquery.Values(q.Request)[p.query], "") && ok
	}
	for _, path := range p.members {
		content, err := q.contents()
		if err != nil {
			break
		}
		if signing.Member(content, path) == nil {
			continue
		}
		text, scalar := q.member(path)
		ok = scalar && add([]string{text}, "") && ok
	}
	if !ok {
		return nil
	}
	return found
}

// has tells whether a part of a request is where a proof is.
func (p *place) has(part Part, name string) bool {
	switch part {
	case PartQuery:
		return p.query != "" && (name == "" || name == p.query)
	case PartHeaders:
		return p.header != "" && (name == "" || textproto.CanonicalMIMEHeaderKey(name) == p.header)
	default:
		return false
	}
}
