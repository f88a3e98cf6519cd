package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mayfly/function/internal/queue"
	"mayfly/internal/lazyregexp"
)

// Options say which queue, and how it is reached.
type Options struct {
	// URL is the queue's, as in https://sqs.eu-central-1.amazonaws.com/123456789012/mayfly.fifo.
	URL string
	// Endpoint is where calls go to, if not to the host of URL: the value of AWS_ENDPOINT_URL_SQS.
	Endpoint string
	// Region is where the queue is, if its host does not tell.
	Region string
	// Credentials returns the keys that sign the calls.
	Credentials func(context.Context) (aws.Credentials, error)
	// Transport makes the calls.
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Lease is how long a lease lasts. Zero is 30 seconds.
	Lease time.Duration
}

const (
	defaultLease = 30 * time.Second
	maxLease     = 12 * time.Hour // Amazon SQS quotas, "Message visibility timeout"

	maxMessageBytes = 256 << 10 // queues made before 2025 take no more
	reasonBytes     = 2 << 10   // what a dead letter needs beside the item's envelope

	maxBatch = 10 // messages in a call
)

// place is where a queue is.
type place struct {
	name     string // of the queue
	url      string // as SQS knows it
	endpoint string // where calls go to
	region   string
}

func (p place) fifo() bool { return strings.HasSuffix(p.name, ".fifo") }

// sibling is another queue of the same account.
func (p place) sibling(name string) place {
	p.url = strings.TrimSuffix(p.url, p.name) + name
	p.name = name
	return p
}

// Check reports what is wrong with the URL of a queue.
func Check(text string) error {
	_, err := locate(Options{URL: text})
	return err
}

func locate(o Options) (place, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return place{}, errors.New("the URL of an SQS queue looks like " +
			"https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
	}
	atAWS, region := regionOf(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || atAWS) {
		return place{}, fmt.Errorf("the URL of an SQS queue begins with https, not with %q", u.Scheme)
	}
	name := u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	if !nameRule(name) {
		return place{}, errors.New("the URL of an SQS queue ends with its name: letters, digits, hyphens and " +
			"underscores, and .fifo where it is a FIFO queue")
	}
	p := place{name: name, url: u.String(), region: cmp.Or(region, o.Region, "us-east-1")}
	p.endpoint = u.Scheme + "://" + u.Host + "/"
	if o.Endpoint != "" {
		p.endpoint = strings.TrimSuffix(o.Endpoint, "/") + "/"
	}
	return p, nil
}

func nameRule(name string) bool {
	rest := strings.TrimSuffix(name, ".fifo")
	for i := range len(rest) {
		c := rest[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return rest != "" && len(name) <= 80
}

// regionRule is the form of the names of AWS' regions.
var regionRule = lazyregexp.New(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

// regionOf finds the region in a host name of AWS: sqs.REGION.amazonaws.com, sqs-fips.REGION..., sqs.REGION.api.aws,
// REGION.queue.amazonaws.com and VPCE.sqs.REGION.vpce.amazonaws.com (AWS General Reference, "Amazon SQS endpoints").
func regionOf(host string) (atAWS bool, region string) {
	host = strings.ToLower(host)
	for _, domain := range []string{
		".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn",
	} {
		rest, ok := strings.CutSuffix(host, domain)
		if !ok {
			continue
		}
		for label := range strings.SplitSeq(rest, ".") {
			if regionRule().MatchString(label) {
				return true, label
			}
		}
		return true, ""
	}
	return false, ""
}

// New makes a client of a queue. It makes no call: see [Queue.Check].
func New(o Options) (*Queue, error) {
	p, err := locate(o)
	if err != nil {
		return nil, err
	}
	c := &client{
		place: p, transport: o.Transport, now: o.Now,
		credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(o.Credentials),
			func(c *aws.CredentialsCacheOptions) { c.ExpiryWindow = time.Minute }),
	}
	q := &Queue{client: c, lease: min(cmp.Or(o.Lease, defaultLease), maxLease)}
	q.shelf.Source, q.shelf.Now = (*deadSource)(q), o.Now
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q, nil
}

var _ queue.Queue = (*Queue)(nil)
