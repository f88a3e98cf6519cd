package lookup

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"mayfly/internal/secret"
	"mayfly/internal/upstream"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Fault is one thing that is wrong with a look-up, or, as a warning, may be.
type Fault struct {
	Member       string // of the look-up, as in headers.Authorization; empty for the look-up itself
	Problem      string // and what would be right
	Line, Column int    // in the configuration file; 0 where the place is the member's
	Warning      bool
	Err          error // of a secret that cannot be read
}

// The variables of a look-up's expressions: $message is that of package transform/enrich; $key is the key, for url and
// body.
func keyVars() []string { return []string{"$message"} }
func urlVars() []string { return []string{"$message", "$key"} }

// Compile checks a look-up and compiles its expressions. The definition is of use where no fault is more than a
// warning.
func Compile(s *Spec, language *mapping.Language) (*Definition, []Fault) {
	c := &compiler{spec: s, language: language}
	d := &Definition{
		Name: s.Name, Refuse: s.Failed == failedRefuse, Private: s.Allow == allowPrivate, method: s.Method,
		rate: s.Rate, timeout: s.Timeout, ttl: defaultTTL, stale: staleOpen,
	}
	c.names(d)
	c.times(d)
	c.header(d)
	c.expressions(d)
	return d, c.faults
}

type compiler struct {
	spec     *Spec
	language *mapping.Language
	faults   []Fault
}

func (c *compiler) fault(member, format string, args ...any) {
	c.faults = append(c.faults, Fault{Member: member, Problem: fmt.Sprintf(format, args...)})
}

// validName accepts a name as problems and properties show it.
func validName(name string) bool {
	return name != "" && len(name) <= maxNameLength &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

// names checks what has one of a few values.
func (c *compiler) names(d *Definition) {
	if !validName(c.spec.Name) {
		c.fault("name", "must be 1 to %d letters, digits, \"-\", \"_\" or \".\"", maxNameLength)
	}
	if d.method = strings.ToUpper(c.spec.Method); d.method == "" {
		if d.method = http.MethodGet; !c.spec.Body.IsZero() {
			d.method = http.MethodPost
		}
	}
	switch {
	case d.method != http.MethodGet && d.method != http.MethodPost:
		c.fault("method", "must be GET or POST, not %s", message.Quote(c.spec.Method))
	case d.method == http.MethodGet && !c.spec.Body.IsZero():
		c.fault("body", "goes with method: POST only")
	}
	if c.spec.Allow != "" && c.spec.Allow != allowPrivate {
		c.fault("allow", "must be private, or left out, not %s", message.Quote(c.spec.Allow))
	}
	if f := c.spec.Failed; f != "" && f != failedIgnore && f != failedRefuse {
		c.fault("failed", "must be ignore or refuse, not %s", message.Quote(f))
	}
}

// times checks the durations.
func (c *compiler) times(d *Definition) {
	if c.spec.TTL != nil {
		d.ttl = *c.spec.TTL
	}
	if c.spec.Stale != nil {
		if d.stale = *c.spec.Stale; d.stale < 0 {
			c.fault("stale", "must be from 0s to %s, it is %s", maxStale, d.stale)
		}
	}
	if d.timeout == 0 {
		d.timeout = defaultTimeout
	}
	for _, one := range []struct {
		member           string
		is, least, limit time.Duration
	}{
		{"ttl", d.ttl, 0, maxTTL},
		{"stale", max(d.stale, 0), 0, maxStale},
		{"timeout", d.timeout, minTimeout, maxTimeout},
	} {
		if one.is < one.least || one.is > one.limit {
			c.fault(one.member, "must be from %s to %s, it is %s", one.least, one.limit, one.is)
		}
	}
}

// reserved are headers that the call itself sets, or that would change where it goes and how it is read.
var reserved = []string{
	"Host", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding", "Te", "Trailer", "Upgrade",
	"Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "Expect", "Range",
}

// header checks the headers and reads the references in them.
func (c *compiler) header(d *Definition) {
	if len(c.spec.Headers) > maxHeaders {
		c.fault("headers", "are more than %d", maxHeaders)
		return
	}
	d.headers = make(map[string]secret.Reference, len(c.spec.Headers))
	for name, text := range c.spec.Headers {
		member, canonical := "headers."+name, http.CanonicalHeaderKey(name)
		switch {
		case name == "" || strings.Trim(name, headerChars) != "":
			c.fault(member, "is not the name of a header")
			continue
		case slices.Contains(reserved, canonical):
			c.fault(member, "is set by the call itself")
			continue
		}
		if _, twice := d.headers[canonical]; twice {
			c.fault(member, "is there twice")
			continue
		}
		ref, err := secret.Parse(text.Reveal())
		if err == nil && ref.Kind() == secret.Literal {
			err = CheckHeader(text.Reveal())
		}
		if err != nil {
			c.faults = append(c.faults, Fault{Member: member, Problem: err.Error(), Err: err})
			continue
		}
		d.headers[canonical] = ref
	}
}

// headerChars are the characters of a header's name (RFC 9110, section 5.6.2).
const headerChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

var errHeader = errors.New("is empty, or has characters that no header may have")

// CheckHeader tells what is wrong with the value of a header.
func CheckHeader(value string) error {
	if value = strings.TrimSpace(value); value == "" || !upstream.Printable(value) {
		return errHeader
	}
	return nil
}

// expressions compiles the expressions.
func (c *compiler) expressions(d *Definition) {
	if c.spec.URL.IsZero() {
		c.fault("url", `is missing: want jq, as in @uri "https://api.example.com/assets/\(.serial)"`)
	} else {
		c.address(d)
	}
	for _, one := range []struct {
		member string
		text   mapping.Expr
		vars   []string
		into   **mapping.Expression
	}{
		{"body", c.spec.Body, urlVars(), &d.body}, {"key", c.spec.Key, keyVars(), &d.key},
		{"select", c.spec.Select, nil, &d.pick},
	} {
		*one.into = c.compile(one.member, one.text, one.vars)
	}
}

func (c *compiler) compile(member string, text mapping.Expr, vars []string) *mapping.Expression {
	if text.File != "" && text.Text == "" {
		c.fault(member, "want the jq text itself, not a file")
		return nil
	}
	if strings.Contains(text.Text, "$request") {
		c.fault(member, "has $request: a look-up sees the measurements, $message and $key")
		return nil
	}
	e, wrong := c.language.Compile(member, text, vars)
	if wrong != nil {
		problem := wrong.Problem
		if wrong.Expression != "" {
			problem += " (in " + wrong.Expression + ")"
		}
		c.faults = append(c.faults, Fault{Member: member, Problem: problem, Line: wrong.Line, Column: wrong.Column})
	}
	return e
}

// address compiles the expression of the URL, whose scheme and host have to be constant.
func (c *compiler) address(d *Definition) {
	text := c.spec.URL
	if isPlainURL(text.Text) {
		text.Text = `@uri "` + strings.TrimSpace(text.Text) + `"`
		text.Column -= len(`@uri "`)
	}
	before := len(c.faults)
	if d.url = c.compile("url", text, urlVars()); len(c.faults) > before || d.url == nil {
		return
	}
	found, escaped, err := originOf(text.Text)
	switch {
	case err != nil:
		c.fault("url", "%v", err)
	case found.scheme == "http" && !d.Private:
		c.fault("url", "must be https; http goes with allow: private only")
	case !d.Private && found.checkPublic() != nil:
		c.fault("url", "%v: allow: private permits it", found.checkPublic())
	case !escaped:
		c.faults = append(c.faults, Fault{Member: "url", Warning: true, Problem: "puts values into the URL as they " +
			`are: a sender could change path and query; write @uri before the text, as in @uri "https://..."`})
	}
	d.origin = found
	d.template = templateOf(text.Text, func(value string) *mapping.Expression {
		e, _ := c.language.Compile("url", mapping.Expr{Text: value}, urlVars()) // url as a whole was compiled
		return e
	})
}
