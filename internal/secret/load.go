package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"mayfly/internal/upstream"
)

// maxBytes bounds a secret, and an answer of its store.
const maxBytes = 1 << 20

// Loader reads secrets. Set its fields before the first use.
type Loader struct {
	// Transport makes the calls to stores.
	Transport http.RoundTripper
	// Getenv returns the variables in which a cloud tells a process its identity:
	// IDENTITY_ENDPOINT, AWS_ACCESS_KEY_ID and the like.
	Getenv func(string) string
	// Now is the clock.
	Now func() time.Time
}

// Error is a secret that could not be read. It names the place, never the value.
type Error struct {
	Reference Reference
	Status    int  // HTTP status of the store, 0 when it gave no answer
	Temporary bool // the same may succeed later without a change by anybody
	Err       error
}

// Error tells what failed.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("secret %s: HTTP %d: %v", e.Reference, e.Status, e.Err)
	}
	return fmt.Sprintf("secret %s: %v", e.Reference, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary tells of an error of this package whether the same may succeed later without a change by anybody: a store
// or a cloud's endpoint of identities that does not answer, or says that it cannot now.
func Temporary(err error) bool {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.Temporary
	}
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.temporary()
	}
	_, network := errors.AsType[net.Error](err)
	return network
}

// Load reads the secret that r stands for, without the white space around it. Its
// errors are *Error.
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
	value = strings.TrimSpace(value)
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		failed := &Error{Reference: r, Err: err}
		if status, ok := errors.AsType[*statusError](err); ok {
			failed.Status = status.status
			failed.Temporary = status.temporary()
		} else {
			failed.Temporary = r.kind != File && !errors.Is(err, errNoIdentity)
		}
		return "", failed
	}
	return value, nil
}

func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	text, err := readAll(file)
	return string(text), err
}

// readAll reads at most maxBytes. More is an error: half a secret is a wrong one.
func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if len(text) > maxBytes {
		return nil, errors.New("it is larger than 1 MiB")
	}
	return text, err
}

var errNoIdentity = errors.New("this process has no identity that may read it")

// statusError is an answer of a store other than 200.
type statusError struct {
	status int
	code   string
}

func (e *statusError) Error() string { return e.code }

func (e *statusError) temporary() bool {
	return e.status >= 500 || e.status == http.StatusTooManyRequests
}

// call makes one request and decodes its JSON answer into a value.
func (l *Loader) call(req *http.Request, into any) error {
	res, err := l.Transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := readAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return &statusError{res.StatusCode, errorCode(body)}
	}
	if json.Unmarshal(body, into) != nil { // its error may quote the secret
		return errors.New("the answer is not the JSON that the store documents")
	}
	return nil
}

// errorCode finds the code of an error in an answer of Azure's or AWS's. It leaves the
// rest out, which might quote a secret.
func errorCode(body []byte) string {
	var answer struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"` // Key Vault
		Type string `json:"__type"` // AWS's JSON protocol
	}
	_ = json.Unmarshal(body, &answer)
	switch {
	case answer.Error.Code != "":
		return upstream.Text(answer.Error.Code)
	case answer.Type != "":
		return upstream.Text(answer.Type)
	}
	return "refused"
}
