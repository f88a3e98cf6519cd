package signature

import (
	"bytes"
	"cmp"
	"errors"
	"net/textproto"
	"slices"
	"strings"

	"mayfly/transform/signing"
)

// template is what a code is over: text, name, text, name, ..., text.
type template []string

// The names of templates that are of another kind than those of the request itself.
const (
	headerPart = "header:"
	memberPart = "member:"
)

// partsOf cuts what is signed into its texts and names in turn.
func partsOf(signed string) (template, error) {
	var parts template
	for rest := signed; ; {
		before, after, found := strings.Cut(rest, "{")
		parts = append(parts, before)
		if !found {
			return parts, nil
		}
		name, tail, _ := strings.Cut(after, "}")
		if header, ok := strings.CutPrefix(name, headerPart); ok {
			name = headerPart + textproto.CanonicalMIMEHeaderKey(header)
		} else if !slices.Contains([]string{"body", "timestamp", "method", "path", "query", "secret"}, name) &&
			!strings.HasPrefix(name, memberPart) {
			return nil, errors.New("signed knows {body}, {timestamp}, {method}, {path}, {query}, {header:NAME}, " +
				"{member:NAME} and {secret}, not {" + name + "}")
		}
		parts, rest = append(parts, name), tail
	}
}

// signedBy reads what a specification signs, and where its time is.
func signedBy(spec *signing.Spec, standard string) (template, moment, error) {
	signed := cmp.Or(spec.Signed, standard)
	parts, err := partsOf(signed)
	if err != nil {
		return nil, moment{}, err
	}
	at := momentOf(spec.Timestamp)
	members := parts.members()
	signsTime := parts.count("timestamp") > 0 || strings.Contains(signed, "{"+headerPart+spec.Timestamp+"}") ||
		at.member != "" && (slices.Contains(members, at.member) || parts.count("body") > 0)
	switch {
	case parts.count("body") == 0 && len(members) == 0:
		err = errors.New("signed leaves the {body} out, which anybody could change then")
	case at.known() && !signsTime:
		err = errors.New("signed leaves the {timestamp} out, which anybody could change then")
	case !at.known() && parts.count("timestamp") > 0:
		err = errors.New("signed has a {timestamp}: timestamp must say where it is")
	case !parts.apart():
		err = errors.New("signed has members with nothing between them: nobody could tell where one ends")
	}
	return parts, at, err
}

func (t template) count(name string) int {
	n := 0
	for i := 1; i < len(t); i += 2 {
		if t[i] == name {
			n++
		}
	}
	return n
}

// members are the members of the body among the parts.
func (t template) members() []string {
	var names []string
	for i := 1; i < len(t); i += 2 {
		if name, ok := strings.CutPrefix(t[i], memberPart); ok {
			names = append(names, name)
		}
	}
	return names
}

// apart tells whether text stands behind every member but the last part.
func (t template) apart() bool {
	for i := 1; i+2 < len(t); i += 2 {
		if strings.HasPrefix(t[i], memberPart) && t[i+1] == "" && t[i+2] != "secret" {
			return false
		}
	}
	return true
}

func (t template) endsWithSecret() bool {
	return len(t) >= 3 && t[len(t)-2] == "secret" && t[len(t)-1] == ""
}

// covers tells whether a part of the request is among the parts. timeHeader has the time.
func (t template) covers(p Part, name, timeHeader string) bool {
	if p != PartHeaders {
		return t.count(string(p)) > 0
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	return name != "" && (t.count(headerPart+name) > 0 || name == timeHeader && t.count("timestamp") > 0)
}

// text gives what is signed, without the secret; false where a member is missing, or holds what stands behind it: then
// its end could be moved.
func (t template) text(q *asked, stamp string) ([]byte, bool) {
	if len(t) == 3 && t[0] == "" && t[1] == "body" && t[2] == "" {
		return q.body.Raw, true
	}
	var b bytes.Buffer
	b.Grow(len(q.body.Raw) + 256)
	for i, part := range t {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		switch name, isMember := strings.CutPrefix(part, memberPart); {
		case isMember:
			text, ok := q.member(name)
			if !ok || i+2 < len(t) && t[i+1] != "" && strings.Contains(text, t[i+1]) {
				return nil, false
			}
			b.WriteString(text)
		case part == "body":
			b.Write(q.body.Raw)
		case part == "timestamp":
			b.WriteString(stamp)
		case part == "method":
			b.WriteString(q.Method)
		case part == "path":
			b.WriteString(q.URL.EscapedPath())
		case part == "query":
			b.WriteString(q.URL.RawQuery)
		case part == "secret":
		default:
			b.WriteString(q.Header.Get(strings.TrimPrefix(part, headerPart)))
		}
	}
	return b.Bytes(), true
}

// moment is where a signature has its time.
type moment struct{ header, field, member string }

func momentOf(timestamp string) moment {
	if field, ok := strings.CutPrefix(timestamp, "field:"); ok {
		return moment{field: field}
	}
	if member, ok := strings.CutPrefix(timestamp, memberPart); ok {
		return moment{member: member}
	}
	return moment{header: textproto.CanonicalMIMEHeaderKey(timestamp)}
}

func (m *moment) known() bool { return *m != moment{} }

// text gives the time as the request has it. ofField is that of the signature's own field.
func (m *moment) text(q *asked, ofField string) string {
	switch {
	case m.field != "":
		return ofField
	case m.member != "":
		text, _ := q.member(m.member) // one that is missing is no time
		return text
	default:
		return q.Header.Get(m.header)
	}
}
