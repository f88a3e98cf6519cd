package credentials

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/pemfile"
	"mayfly/function/internal/problem"
	"mayfly/internal/cache"
	"mayfly/internal/secret"
	"mayfly/internal/settings"
)

// Set finds by what a device proves who it is. In this order: a
// certificate of its own, a key of its own, a certificate of the CA, a key of
// the enrollment group.
type Set struct {
	now     func() time.Time
	folder  string // of device certificates, or empty
	certs   *cache.Cache[deviceCert]
	keys    *secret.Value[map[string]deviceKeys]
	issuer  *secret.Value[*issuer]
	groups  []*secret.Value[dps.Key] // primary, secondary
	derived *cache.Cache[derivedKey]
}

// deviceKeys are the keys of one device's own enrollment.
type deviceKeys struct{ primary, secondary dps.Key }

type derivedKey struct{ group, key dps.Key }

type deviceCert struct {
	cert     *tls.Certificate
	modified time.Time
}

const (
	maxDeviceCerts = 10_000
	maxDerivedKeys = 8192
	maxCertFile    = 256 << 10
)

// Options names the credentials of a fleet's devices. All of it has been
// checked.
type Options struct {
	GroupKeys    []secret.Reference // of the enrollment group: primary, secondary
	DeviceKeys   *secret.Reference  // of individual enrollments
	CA           *secret.Reference  // issues short-lived certificates
	LeafLifetime time.Duration      // of those
	Folder       string             // of device certificates
}

// New makes the credentials that the options name.
func New(o *Options, l *secret.Loader) *Set {
	out := &Set{
		now:     l.Now,
		folder:  o.Folder,
		derived: cache.New[derivedKey](maxDerivedKeys, 0),
		certs:   cache.New[deviceCert](maxDeviceCerts, 0),
	}
	for _, ref := range o.GroupKeys {
		out.groups = append(out.groups, secret.NewValue(l, ref, dps.ParseKey))
	}
	if o.DeviceKeys != nil {
		out.keys = secret.NewValue(l, *o.DeviceKeys, parseKeys)
	}
	if o.CA != nil {
		out.issuer = secret.NewValue(l, *o.CA, func(text string) (*issuer, error) {
			return parseIssuer(text, o.LeafLifetime)
		})
	}
	return out
}

// Device gives the DPS identity of a device.
func (c *Set) Device(ctx context.Context, id string) (dps.Device, error) {
	d := dps.Device{ID: id}
	if cert, err := c.ownCertificate(id); err != nil {
		return d, &problem.Error{
			Code:   problem.BridgeMisconfigured,
			Detail: "the certificate of " + id + " cannot be used",
			Cause:  err,
		}
	} else if cert != nil {
		d.Certificate = cert
		return d, nil
	}
	if c.keys != nil {
		all, err := c.keys.Get(ctx)
		if err != nil {
			return d, err
		}
		if own, ok := all[id]; ok {
			d.Key, d.SecondaryKey = own.primary, own.secondary
			return d, nil
		}
	}
	if c.issuer != nil {
		ca, err := c.issuer.Get(ctx)
		if err != nil {
			return d, err
		}
		d.Certificate, err = ca.leaf(id, c.now())
		return d, err
	}
	for i, group := range c.groups {
		key, err := group.Get(ctx)
		if err != nil {
			return d, err
		}
		if i == 0 {
			d.Key = c.derive(key, id)
		} else {
			d.SecondaryKey = key.Derive(id)
		}
	}
	if d.Key.IsZero() {
		return d, &problem.Error{Code: problem.DeviceRefused, Detail: "there is no credential for " + id}
	}
	return d, nil
}

// derive keeps the keys of the devices that speak often.
func (c *Set) derive(group dps.Key, id string) dps.Key {
	if have, ok := c.derived.Get(id); ok && have.group.Equal(group) {
		return have.key
	}
	key := group.Derive(id)
	c.derived.Set(strings.Clone(id), derivedKey{group, key})
	return key
}

// Refresh reads again what may have been rotated.
func (c *Set) Refresh(ctx context.Context) {
	for _, group := range c.groups {
		group.Refresh(ctx)
	}
	if c.keys != nil {
		c.keys.Refresh(ctx)
	}
	if c.issuer != nil {
		c.issuer.Refresh(ctx)
	}
}

// ownCertificate reads the device's certificate from the folder, again when its
// file has changed. Device ids hold no separators, so the name stays inside.
func (c *Set) ownCertificate(id string) (*tls.Certificate, error) {
	if c.folder == "" {
		return nil, nil
	}
	path := filepath.Join(c.folder, id+".pem")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Size() > maxCertFile {
		err = errors.New("is too large")
	}
	if err != nil {
		return nil, err
	}
	if have, ok := c.certs.Get(id); ok && have.modified.Equal(info.ModTime()) {
		return have.cert, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pair, err := pemfile.ParsePair(text)
	if err != nil {
		return nil, err
	}
	c.certs.Set(strings.Clone(id), deviceCert{&pair, info.ModTime()})
	return &pair, nil
}

// CheckKeys tells what is wrong with the keys of individual enrollments.
func CheckKeys(text string) error {
	_, err := parseKeys(text)
	return err
}

// CheckCA tells what is wrong with a CA in PEM.
func CheckCA(text string) error {
	_, err := parseIssuer(text, time.Hour)
	return err
}

// parseKeys reads YAML or JSON: a device's id, and its key or a list of
// primary and secondary.
func parseKeys(text string) (map[string]deviceKeys, error) {
	var raw map[string]any
	if err := settings.Read([]byte(text), &raw); err != nil {
		return nil, errors.New("want device ids with their keys, as in sensor-1: BASE64")
	}
	keys := make(map[string]deviceKeys, len(raw))
	for id, value := range raw {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		var parsed [2]dps.Key
		for i, item := range list {
			text, isText := item.(string)
			if !isText || i > 1 {
				return nil, fmt.Errorf("the keys of %s are neither a text nor a list of two", id)
			}
			key, err := dps.ParseKey(text)
			if err != nil {
				return nil, fmt.Errorf("the key of %s: %w", id, err)
			}
			parsed[i] = key
		}
		keys[id] = deviceKeys{parsed[0], parsed[1]}
	}
	return keys, nil
}
