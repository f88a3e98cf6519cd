package jetstream

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// target is what the URL of a queue says.
type target struct {
	servers []string // URLs of servers, without credentials
	name    string   // of the queue, without credentials
	stream  string

	user, password, token, nkey, creds string // all but user are references to secrets
	ca                                 string // a file

	monitors   []string
	replicas   int
	partitions int
	maxBytes   int64
	maxItems   int64
	lease      time.Duration
	pending    int
}

const (
	defaultStream     = "MAYFLY"
	defaultPartitions = 8
	defaultLease      = 30 * time.Second
	defaultPending    = 256
	maxServers        = 16
)

// isStreamName tells whether a text may name a stream, which is a part of subjects and a folder at the server.
func isStreamName(text string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	return text != "" && len(text) <= 64 && strings.Trim(text, letters) == ""
}

// Name gives the name of the queue of a URL, without credentials and parameters, or tells what is wrong with the URL.
func Name(text string) (string, error) {
	t, err := parse(text)
	if err != nil {
		return "", err
	}
	return t.name, nil
}

// parse reads the URL of a queue:
//
//	nats://[USER:PASSWORD@]HOST[:4222][,HOST...][/STREAM][?PARAMETER=VALUE...]
//
// Its errors name a parameter, never a value that may be a secret.
func parse(text string) (*target, error) {
	scheme, rest, has := strings.Cut(text, "://")
	if !has || scheme != "nats" && scheme != "tls" && scheme != "ws" && scheme != "wss" {
		return nil, errors.New("want nats://HOST:4222/STREAM, or tls, ws or wss as the scheme")
	}
	rest, query, _ := strings.Cut(rest, "?")
	rest = strings.ReplaceAll(rest, ","+scheme+"://", ",")
	hosts, stream, _ := strings.Cut(rest, "/")
	t := &target{
		stream: cmp.Or(strings.Trim(stream, "/"), defaultStream), replicas: 1, partitions: defaultPartitions,
		lease: defaultLease, pending: defaultPending,
	}
	if !isStreamName(t.stream) {
		return nil, errors.New("the stream's name has letters, digits, _ and - only, 64 at most")
	}
	if err := t.readHosts(scheme, hosts); err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the parameters are not in the form NAME=VALUE&NAME=VALUE")
	}
	for name, list := range values {
		if err := t.set(name, list); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	t.name = strings.Join(t.servers, ",") + "/" + t.stream
	return t, nil
}

// readHosts reads HOST[:PORT],... each of which may repeat the credentials.
func (t *target) readHosts(scheme, hosts string) error {
	for host := range strings.SplitSeq(hosts, ",") {
		u, err := url.Parse(scheme + "://" + host)
		if err != nil || u.Hostname() == "" || u.Path != "" {
			return errors.New("want the servers as HOST:4222,HOST:4222")
		}
		if u.User != nil {
			t.user = u.User.Username()
			t.password, _ = u.User.Password()
		}
		if u.Port() == "" && (scheme == "nats" || scheme == "tls") {
			u.Host += ":4222"
		}
		t.servers = append(t.servers, scheme+"://"+u.Host)
	}
	if len(t.servers) > maxServers {
		return fmt.Errorf("want %d servers at most", maxServers)
	}
	return nil
}

// set reads one parameter. Of those that are given once the last value counts.
func (t *target) set(name string, values []string) (err error) {
	value := values[len(values)-1]
	switch name {
	case "user":
		t.user = value
	case "password":
		t.password = value
	case "token":
		t.token = value
	case "nkey":
		t.nkey = value
	case "creds":
		t.creds = value
	case "ca":
		t.ca = value
	case "monitor":
		for _, text := range values {
			for one := range strings.SplitSeq(text, ",") {
				u, err := url.Parse(one)
				if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
					return errors.New("want the URL of a server's monitoring port, as in http://HOST:8222")
				}
				t.monitors = append(t.monitors, strings.TrimSuffix(one, "/"))
			}
		}
	case "replicas":
		t.replicas, err = number(value, 1, 5)
	case "partitions":
		t.partitions, err = number(value, 1, 64)
	case "pending":
		t.pending, err = number(value, 1, 10_000)
	case "max_bytes":
		t.maxBytes, err = bigNumber(value)
	case "max_items":
		t.maxItems, err = bigNumber(value)
	case "lease":
		t.lease, err = time.ParseDuration(value)
		if err != nil || t.lease < time.Second || t.lease > time.Hour {
			err = errors.New("want a time from 1s to 1h")
		}
	default:
		err = errors.New("there is no such parameter; want user, password, token, nkey, creds, ca, monitor, " +
			"replicas, partitions, pending, max_bytes, max_items or lease")
	}
	return err
}

func number(text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("want a number from %d to %d", low, high)
	}
	return n, nil
}

func bigNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, errors.New("want a number above 0")
	}
	return n, nil
}
