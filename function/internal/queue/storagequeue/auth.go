package storagequeue

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// authorizer lets a request show that it may do what it asks for.
type authorizer func(ctx context.Context, r *http.Request) error

// withSAS adds a shared access signature to the query.
func withSAS(get func(context.Context) (string, error)) authorizer {
	return func(ctx context.Context, r *http.Request) error {
		text, err := get(ctx)
		if err != nil {
			return err
		}
		sas, err := url.ParseQuery(strings.TrimPrefix(text, "?"))
		if err != nil || !sas.Has("sig") {
			return errors.New("the shared access signature has no sig")
		}
		query := r.URL.Query()
		maps.Copy(query, sas)
		r.URL.RawQuery = query.Encode()
		return nil
	}
}

// withKey signs with the key of the account (Storage services REST API, "Authorize with Shared Key").
func (c *client) withKey(get func(context.Context) (string, error)) authorizer {
	return func(ctx context.Context, r *http.Request) error {
		text, err := get(ctx)
		if err != nil {
			return err
		}
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return errors.New("the key of the storage account is not base64")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(c.stringToSign(r)))
		r.Header.Set("Authorization", "SharedKey "+c.account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		return nil
	}
}

func (c *client) stringToSign(r *http.Request) string {
	length := ""
	if r.ContentLength > 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	lines := []string{
		r.Method, "", "", length, "", r.Header.Get("Content-Type"), "", "", "", "", "", "", // Date is in x-ms-date
	}
	var headers []string
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-ms-") {
			headers = append(headers, lower+":"+r.Header.Get(name))
		}
	}
	slices.Sort(headers)
	lines = append(lines, headers...)
	lines = append(lines, "/"+c.account+r.URL.EscapedPath())
	query := r.URL.Query()
	var names []string
	for name := range query {
		names = append(names, strings.ToLower(name)+":"+strings.Join(query[name], ","))
	}
	slices.Sort(names)
	return strings.Join(append(lines, names...), "\n")
}

const (
	// earlyRenewal is how long before its end a token is renewed.
	earlyRenewal = 5 * time.Minute
	// renewAgain is when a renewal that failed is tried again, while the token is still good.
	renewAgain = 15 * time.Second
)

// tokens keeps a token of a managed identity, and renews it shortly before its end. The one that is there is used until
// it ends, whatever becomes of the renewal.
type tokens struct {
	get  func(context.Context) (string, time.Time, error)
	now  func() time.Time
	turn chan struct{} // holds a token while somebody asks for one

	mu    sync.Mutex
	token string
	end   time.Time
	renew time.Time // no renewal before
}

func (t *tokens) authorize(ctx context.Context, r *http.Request) error {
	if t.get == nil {
		return errors.New("there is no key, no shared access signature and no managed identity")
	}
	if r.URL.Scheme != "https" {
		return errors.New("a token is sent by https only: use a key or a shared access signature")
	}
	token, err := t.current(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// current gives a token that is good.
func (t *tokens) current(ctx context.Context) (string, error) {
	token, good, due := t.kept()
	if good && !due {
		return token, nil
	}
	select {
	case t.turn <- struct{}{}:
	default:
		if good { // somebody else renews it
			return token, nil
		}
		select {
		case t.turn <- struct{}{}:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	defer func() { <-t.turn }()
	if token, good, due = t.kept(); good && !due { // meanwhile somebody has
		return token, nil
	}
	fresh, end, err := t.get(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.renew = t.now().Add(renewAgain)
		if good {
			return token, nil
		}
		return "", err
	}
	t.token, t.end, t.renew = fresh, end, time.Time{}
	return fresh, nil
}

// kept gives the token that is there, and tells whether it is good, and whether it is time for another one.
func (t *tokens) kept() (token string, good, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	left := t.end.Sub(now)
	return t.token, t.token != "" && left > 0, left < earlyRenewal && !now.Before(t.renew)
}
