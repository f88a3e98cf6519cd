package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"mayfly/internal/secret"
)

// target is what a URL says.
type target struct {
	option   rueidis.ClientOption
	password string // a reference
	ca       string // a file
	prefix   string // of all keys
}

const defaultPrefix = "mayfly:"

// parameters are those that a URL may have; the first three are not the client's.
var parameters = []string{"password", "ca", "prefix", "db", "addr", "master_set"}

// Check tells what is wrong with a URL. Its errors do not repeat what may be a secret.
func Check(text string) error {
	_, err := parse(text)
	return err
}

// parse reads redis://[USER:PASSWORD@]HOST[:6379][/DB][?PARAMETER=VALUE...].
func parse(text string) (*target, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "":
		return nil, errors.New("want redis://HOST:6379")
	case u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "valkey" && u.Scheme != "valkeys":
		return nil, errors.New("want redis://HOST:6379, or rediss:// for TLS")
	case u.Hostname() == "":
		return nil, errors.New("want a host, as in redis://HOST:6379")
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("the parameters are not in the form NAME=VALUE&NAME=VALUE")
	}
	t := &target{prefix: defaultPrefix, ca: values.Get("ca")}
	for name := range values {
		if !slices.Contains(parameters, name) {
			return nil, fmt.Errorf("there is no parameter %q; want %s", name, strings.Join(parameters, ", "))
		}
	}
	if values.Has("prefix") {
		t.prefix = values.Get("prefix")
	}
	if t.password, _ = u.User.Password(); values.Has("password") {
		t.password = values.Get("password")
	}
	if _, err := secret.Parse(t.password); err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	for _, name := range parameters[:3] {
		values.Del(name)
	}
	user := u.User.Username()
	u.User, u.RawQuery = nil, values.Encode()
	if t.option, err = rueidis.ParseURL(u.String()); err != nil {
		return nil, errors.New("want the number of a database, as in redis://HOST:6379/0")
	}
	t.option.Username = user
	return t, nil
}

// client makes a client, which connects at once.
func (t *target) client(secrets *secret.Loader) (rueidis.Client, error) {
	o := t.option
	o.ClientName = "mayfly"
	o.DisableCache = true    // nothing is read twice
	o.DisableRetry = true    // a call has no time for it
	o.PipelineMultiplex = -1 // one connection, so that an answer means that it is good
	o.Dialer.Timeout = connectTimeout
	o.ConnWriteTimeout = connectTimeout
	if t.password != "" {
		user := o.Username
		o.AuthCredentialsFn = func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
			ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
			defer cancel()
			ref, err := secret.Parse(t.password)
			if err != nil {
				return rueidis.AuthCredentials{}, err
			}
			password, err := secrets.Load(ctx, ref)
			return rueidis.AuthCredentials{Username: user, Password: strings.TrimSpace(password)}, err
		}
	}
	if t.ca != "" && o.TLSConfig != nil {
		text, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, err
		}
		o.TLSConfig = o.TLSConfig.Clone()
		o.TLSConfig.MinVersion = tls.VersionTLS12
		o.TLSConfig.RootCAs = x509.NewCertPool()
		if !o.TLSConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("ca: the file holds no certificate")
		}
	}
	return rueidis.NewClient(o)
}

const connectTimeout = 2 * time.Second
