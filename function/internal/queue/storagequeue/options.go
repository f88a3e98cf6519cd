package storagequeue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/function/internal/queue"
)

// Options say which queue, and how it is reached.
type Options struct {
	// URL is the queue's, as in https://ACCOUNT.queue.core.windows.net/NAME. Its query is a shared access signature, if
	// there is one.
	URL string
	// Key returns the key of the storage account in base64. May be nil.
	Key func(context.Context) (string, error)
	// SAS returns a shared access signature. May be nil.
	SAS func(context.Context) (string, error)
	// Token returns a token of Microsoft Entra ID and its end, where there is no key and no signature.
	Token func(context.Context) (string, time.Time, error)
	// Refused is called when Azure refuses the key or the signature, so that it is read again. May be nil.
	Refused func(context.Context)
	// Transport makes the calls.
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Lease is how long a lease lasts. Zero is 30 seconds.
	Lease time.Duration
}

const (
	defaultLease = 30 * time.Second
	maxLease     = 7 * 24 * time.Hour // Queue Storage REST API, "Update Message"

	maxTextBytes = 48 << 10 // 64 KiB in base64, the limit of a message ("Put Message")
	reasonBytes  = 1 << 10  // what a dead letter needs beside the item's envelope

	maxReceive = 32 // messages in a call ("Get Messages")

	// Resource is what a token has to be for.
	Resource = "https://storage.azure.com/"
)

// suffixes are the domains of queues in each cloud, which come after the account's name.
var suffixes = []string{".queue.core.windows.net", ".queue.core.chinacloudapi.cn", ".queue.core.usgovcloudapi.net"}

// place is where a queue is.
type place struct {
	account string
	name    string
	base    url.URL // without the name, the query and a slash at the end
	sas     url.Values
}

// Check reports what is wrong with the URL of a queue. Its error does not repeat it.
func Check(text string) error {
	_, err := locate(text)
	return err
}

func locate(text string) (place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return place{}, errors.New("the URL of a storage queue looks like https://ACCOUNT.queue.core.windows.net/NAME")
	}
	p := place{}
	host := strings.ToLower(u.Hostname())
	for _, suffix := range suffixes {
		if label, ok := strings.CutSuffix(host, suffix); ok {
			p.account, _, _ = strings.Cut(label, ".") // ACCOUNT.privatelink, ACCOUNT.z01
		}
	}
	atAzure := p.account != ""
	if u.Scheme != "https" && (u.Scheme != "http" || atAzure) {
		return place{}, fmt.Errorf("the URL of a storage queue begins with https, not with %q", u.Scheme)
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case len(path) == 2 && !atAzure: // Azurite and others: http://127.0.0.1:10001/ACCOUNT/NAME
		p.account = path[0]
	case len(path) != 1:
		return place{}, errors.New("the URL of a storage queue ends with the queue's name, after the account's host")
	case !atAzure && net.ParseIP(host) == nil:
		p.account, _, _ = strings.Cut(host, ".")
	}
	p.name = path[len(path)-1]
	if !validName(p.name) {
		return place{}, errors.New("the name of a storage queue has 3 to 56 lower-case letters, digits and single " +
			"hyphens, so that NAME-poison is one as well")
	}
	if p.sas, err = url.ParseQuery(u.RawQuery); err != nil || len(p.sas) > 0 && !p.sas.Has("sig") {
		return place{}, errors.New("only a shared access signature may follow the ? in the URL of a storage queue")
	}
	p.base = url.URL{Scheme: u.Scheme, Host: u.Host}
	if len(path) == 2 {
		p.base.Path = "/" + path[0]
	}
	return p, nil
}

const maxName = 63 - len(poison) // azure-docs, storage/queues: naming queues and metadata

func validName(name string) bool {
	if len(name) < 3 || len(name) > maxName || strings.Contains(name, "--") {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' && i > 0 && i < len(name)-1) {
			return false
		}
	}
	return true
}

// Azurite's account, and its key, which is the same for everybody (azure-docs, storage/common/storage-use-azurite.md).
const (
	emulatorAccount = "devstoreaccount1"
	emulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// New makes a client of a queue. It makes no call: see [Queue.Check].
func New(o Options) (*Queue, error) {
	p, err := locate(o.URL)
	if err != nil {
		return nil, err
	}
	c := &client{place: p, transport: o.Transport, now: o.Now, refused: o.Refused}
	switch {
	case len(p.sas) > 0:
		c.authorize = withSAS(func(context.Context) (string, error) { return p.sas.Encode(), nil })
	case o.SAS != nil:
		c.authorize = withSAS(o.SAS)
	case o.Key != nil:
		c.authorize = c.withKey(o.Key)
	case p.account == emulatorAccount && p.base.Path != "":
		c.authorize = c.withKey(func(context.Context) (string, error) { return emulatorKey, nil })
	default:
		c.authorize = (&tokens{get: o.Token, now: o.Now, turn: make(chan struct{}, 1)}).authorize
	}
	q := &Queue{client: c, lease: min(cmp.Or(o.Lease, defaultLease), maxLease), put: make(chan struct{}, 1)}
	q.shelf.Source, q.shelf.Now = deadSource{c.to(c.name + poison)}, o.Now
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q, nil
}

var _ queue.Queue = (*Queue)(nil)
