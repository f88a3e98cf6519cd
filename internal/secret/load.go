package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Loader reads secrets. Its fields are set before its first use.
type Loader struct {
	Transport http.RoundTripper
	// Getenv tells of the identity that the cloud has given the process:
	// IDENTITY_ENDPOINT, AWS_ACCESS_KEY_ID and the like.
	Getenv func(string) string
	Now    func() time.Time
}

// Error is a secret that could not be read. It names the place, never a value.
type Error struct {
	Reference Reference
	Status    int  // HTTP status of the store, 0 when it gave no answer
	Temporary bool // the same may succeed later without anybody changing anything
	Err       error
}

// Error tells what failed.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("secret %s: HTTP %d: %v", e.Reference, e.Status, e.Err)
	}
	return fmt.Sprintf("secret %s: %v", e.Reference, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// mostSecret bounds a secret and the answers of its store.
const mostSecret = 1 << 20

// Load reads the secret that r stands for. Its errors are *Error.
func (l *Loader) Load(ctx context.Context, r Reference) (string, error) {
	var value string
	var err error
	switch r.kind {
	case Literal:
		return r.literal.Reveal(), nil
	case File:
		value, err = readFile(r.place)
	case KeyVault:
		value, err = l.keyVault(ctx, r.place)
	case SecretsManager:
		value, err = l.secretsManager(ctx, r.place)
	case Parameter:
		value, err = l.parameter(ctx, r.place)
	}
	if err == nil && strings.TrimSpace(value) == "" {
		err = errors.New("is empty")
	}
	if err != nil {
		failed := &Error{Reference: r, Err: err}
		if status, ok := errors.AsType[*statusError](err); ok {
			failed.Status = status.status
			failed.Temporary = status.status >= 500 || status.status == http.StatusTooManyRequests
		} else {
			failed.Temporary = r.kind != File && !errors.Is(err, errNoIdentity)
		}
		return "", failed
	}
	return strings.TrimSpace(value), nil
}

func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, mostSecret))
	return string(text), err
}

var errNoIdentity = errors.New("this process has no identity that may read it")

// statusError is a store that said no.
type statusError struct {
	status int
	words  string
}

func (e *statusError) Error() string { return e.words }

// call makes one request and decodes its JSON answer.
func (l *Loader) call(req *http.Request, into any) error {
	res, err := l.Transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostSecret))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return &statusError{res.StatusCode, said(body)}
	}
	if json.Unmarshal(body, into) != nil {
		return errors.New("the store's answer is not JSON")
	}
	return nil
}

// said finds the error's code in an answer, and nothing that might be a secret.
func said(body []byte) string {
	var answer struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
		Type string `json:"__type"`
	}
	_ = json.Unmarshal(body, &answer)
	if answer.Error.Code != "" {
		return answer.Error.Code
	}
	if answer.Type != "" {
		return answer.Type
	}
	return "refused"
}
