package lookup

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// freshness says how long an answer may be used.
type freshness struct {
	fresh time.Duration // from now on
	stale time.Duration // after that, while the service fails
}

// maxSeconds is what larger numbers of seconds are read as (RFC 9111, section 1.2.2, asks for at least 2^31).
const maxSeconds = 1 << 31

// cacheControl is what a Cache-Control header says to a private cache (RFC 9111, section 5.2.2).
type cacheControl struct {
	noStore        bool
	noCache        bool
	mustRevalidate bool
	maxAge         seconds
	staleIfError   seconds // RFC 5861
}

// seconds is the value of a directive that is a number of seconds.
type seconds struct {
	is  time.Duration
	set bool
}

// parseCacheControl reads the values of the header. A time that cannot be read is none at all: what is not certain is
// not kept. Where one is there twice, the shorter one holds.
func parseCacheControl(values []string) cacheControl {
	var c cacheControl
	for _, value := range values {
		for value != "" {
			var name, argument string
			name, argument, value = directive(value)
			switch name {
			case "no-store":
				c.noStore = true
			case "no-cache":
				c.noCache = true
			case "must-revalidate":
				c.mustRevalidate = true
			case "max-age":
				c.maxAge.limit(argument)
			case "stale-if-error":
				c.staleIfError.limit(argument)
			}
		}
	}
	return c
}

// directive takes the first directive of a list: its name in lower case, and its argument without quotes.
func directive(list string) (name, argument, rest string) {
	end := strings.IndexAny(list, ",=")
	if end < 0 {
		return strings.ToLower(strings.TrimSpace(list)), "", ""
	}
	name, rest = strings.ToLower(strings.TrimSpace(list[:end])), list[end+1:]
	if list[end] == ',' {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest, " \t")
	if strings.HasPrefix(rest, `"`) { // a comma in it ends nothing
		if closed := strings.IndexByte(rest[1:], '"'); closed >= 0 {
			argument, rest = rest[1:1+closed], rest[closed+2:]
			_, rest, _ = strings.Cut(rest, ",")
			return name, argument, rest
		}
	}
	argument, rest, _ = strings.Cut(rest, ",")
	return name, strings.TrimSpace(argument), rest
}

// limit takes the number of seconds in a text.
func (s *seconds) limit(text string) {
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case text != "" && strings.Trim(text, "0123456789") == "" && (err != nil || n > maxSeconds):
		n = maxSeconds
	case err != nil:
		n = 0
	}
	if is := time.Duration(n) * time.Second; !s.set || is < s.is {
		*s = seconds{is, true}
	}
}

// freshnessOf says how long an answer with these headers may be used: no longer than ttl and stale say, and no longer
// than the service allows. A service may say by stale-if-error that it may be used while it fails where the look-up
// leaves that open, which a negative stale does.
func freshnessOf(h http.Header, ttl, stale time.Duration) freshness {
	c := parseCacheControl(h.Values("Cache-Control"))
	f := freshness{fresh: ttl, stale: max(stale, 0)}
	if c.maxAge.set {
		var age seconds
		if text := strings.TrimSpace(h.Get("Age")); text != "" {
			age.limit(text)
		}
		f.fresh = min(f.fresh, max(c.maxAge.is-age.is, 0))
	}
	if c.staleIfError.set {
		if stale < 0 {
			stale = maxStale
		}
		f.stale = min(stale, c.staleIfError.is)
	}
	switch {
	case c.noStore:
		return freshness{}
	case c.noCache:
		f.fresh = 0
	}
	if c.mustRevalidate {
		f.stale = 0
	}
	return f
}
