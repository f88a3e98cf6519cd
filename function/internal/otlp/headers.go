package otlp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"mayfly/internal/upstream"
)

const maxPairs = 64

var errPairs = errors.New("want name=value pairs, comma-separated, percent-encoded")

// parsePairs reads name=value,name=value with percent-encoded values, the form of both
// OTEL_RESOURCE_ATTRIBUTES and the headers. Its errors do not quote the text.
func parsePairs(text string) ([][2]string, error) {
	var pairs [][2]string
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		name, nameErr := url.PathUnescape(strings.TrimSpace(name))
		value, valueErr := url.PathUnescape(strings.TrimSpace(value))
		if !found || name == "" || nameErr != nil || valueErr != nil {
			return nil, fmt.Errorf("pair %d: %w", len(pairs)+1, errPairs)
		}
		if len(pairs) == maxPairs {
			return nil, fmt.Errorf("there are more than %d pairs", maxPairs)
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}

// parseHeaders reads the header fields that go with each export.
func parseHeaders(text string) (http.Header, error) {
	pairs, err := parsePairs(text)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for i, pair := range pairs {
		if !isToken(pair[0]) || !upstream.Printable(pair[1]) {
			return nil, fmt.Errorf("pair %d is not a header field: want a name of letters, digits and hyphens, "+
				"and a printable value", i+1)
		}
		header.Set(pair[0], pair[1])
	}
	return header, nil
}

func isToken(name string) bool {
	const others = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return name != "" && strings.Trim(name, others) == ""
}
