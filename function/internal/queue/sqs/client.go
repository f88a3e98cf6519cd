package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"mayfly/function/internal/queue"
	"mayfly/internal/backoff"
	"mayfly/internal/secret"
	"mayfly/internal/upstream"
)

const (
	callTimeout = 10 * time.Second
	tries       = 3
	firstPause  = 100 * time.Millisecond
	longPause   = 2 * time.Second

	// maxAnswer bounds an answer: ten messages of the largest size, each character of which XML may escape.
	maxAnswer = maxBatch * maxMessageBytes * 6
)

// client makes the calls to one queue.
type client struct {
	place
	credentials aws.CredentialsProvider
	transport   http.RoundTripper
	now         func() time.Time
}

// to is the client of another queue of the same account.
func (c *client) to(name string) *client {
	other := *c
	other.place = c.sibling(name)
	return &other
}

// apiError is an answer of SQS that is a failure.
type apiError struct {
	status int
	code   string
	text   string
}

func (e *apiError) Error() string {
	text := e.code
	if text == "" {
		text = "HTTP " + strconv.Itoa(e.status)
	}
	if e.text != "" {
		text += ": " + e.text
	}
	return text
}

// unknownAction is what a server answers that does not know an action. Some that imitate SQS answer without a code.
func (e *apiError) unknownAction() bool {
	return e.code == "InvalidAction" || e.status == http.StatusBadRequest && e.code == ""
}

// call makes a call, again where a retry may help, and reads its answer into a value. Its errors are *queue.Error.
func (c *client) call(ctx context.Context, action string, input url.Values, output any) error {
	var err error
	for n := range tries {
		if n > 0 && !backoff.Sleep(ctx, backoff.Jitter(n-1, firstPause, longPause)) {
			break
		}
		if err = c.once(ctx, action, input, callTimeout, output); !isUnavailable(err) {
			return err
		}
	}
	return err
}

// once makes a call once.
func (c *client) once(ctx context.Context, action string, input url.Values, limit time.Duration, output any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	input.Set("Action", action)
	input.Set("Version", "2012-11-05")
	input.Set("QueueUrl", c.url)
	body := input.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, strings.NewReader(body))
	if err != nil {
		return c.failed(queue.Unavailable, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	keys, err := c.credentials.Retrieve(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return c.failed(queue.Unavailable, ctx.Err())
		}
		kind := queue.Denied
		if secret.Temporary(err) {
			kind = queue.Unavailable
		}
		return c.failed(kind, errors.New("no AWS credentials: "+upstream.Text(err.Error())))
	}
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "sqs", c.region, c.now())
	if err != nil {
		return c.failed(queue.Unavailable, err)
	}
	res, err := c.transport.RoundTrip(r)
	if err != nil {
		if cause := upstream.Cause(err); cause != "" && ctx.Err() == nil {
			err = errors.New(cause)
		}
		return c.failed(queue.Unavailable, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return c.failed(queue.Unavailable, err)
	}
	if res.StatusCode != http.StatusOK {
		refused := readError(res.StatusCode, text)
		return c.failed(kindOfText(kindOf(refused.status, refused.code), refused.text), refused)
	}
	if err := xml.Unmarshal(text, output); err != nil {
		return c.failed(queue.Unavailable, errors.New("the answer is not the XML that SQS documents"))
	}
	return nil
}

func (c *client) failed(kind queue.Kind, err error) *queue.Error {
	return &queue.Error{Kind: kind, Queue: "sqs:" + c.name, Err: err}
}

// readError reads the answer of a call that failed.
func readError(status int, text []byte) *apiError {
	var answer struct {
		Error struct{ Code, Message string }
	}
	_ = xml.Unmarshal(text, &answer) // what is not SQS's has no code
	return newAPIError(status, answer.Error.Code, answer.Error.Message)
}

// newAPIError leaves the message of a refused signature out: it quotes the session token.
func newAPIError(status int, code, message string) *apiError {
	e := &apiError{status: status, code: upstream.Text(code)}
	if kindOf(status, code) != queue.Denied {
		e.text = upstream.Text(message)
	}
	return e
}

// kindOf tells what a failure means (Amazon SQS API Reference, "Common errors" and those of each action). Codes of the
// query protocol have the prefix AWS.SimpleQueueService.
func kindOf(status int, code string) queue.Kind {
	switch strings.TrimPrefix(code, "AWS.SimpleQueueService.") {
	case "NonExistentQueue", "QueueDoesNotExist", "QueueDeletedRecently":
		return queue.Missing
	case "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken",
		"ExpiredTokenException", "UnrecognizedClientException", "MissingAuthenticationToken", "IncompleteSignature",
		"InvalidSecurity", "InvalidAccessKeyId", "OptInRequired", "NotAuthorized", "KmsAccessDenied", "KmsDisabled",
		"KmsNotFound", "KmsOptInRequired", "KMS.AccessDeniedException", "KMS.DisabledException",
		"KMS.NotFoundException", "KmsInvalidState", "KMS.InvalidStateException", "KmsInvalidKeyUsage",
		"KMS.InvalidKeyUsageException", "KMS.OptInRequired":
		return queue.Denied
	case "RequestThrottled", "OverLimit": // with status 403
		return queue.Unavailable
	case "InvalidMessageContents", "BatchRequestTooLong", "MessageTooLong":
		return queue.TooLarge
	case "ReceiptHandleIsInvalid", "MessageNotInflight", "MessageNotInFlight":
		return queue.LeaseLost
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return queue.Denied
	}
	return queue.Unavailable
}

// kindOfText corrects a kind where SQS says in words alone what has failed.
func kindOfText(kind queue.Kind, text string) queue.Kind {
	switch {
	case strings.Contains(text, "must be shorter than"): // the queue's own MaximumMessageSize
		return queue.TooLarge
	case strings.Contains(text, "receipt handle has expired"): // of a FIFO queue
		return queue.LeaseLost
	}
	return kind
}

// isUnavailable reports whether the same call may succeed in a moment.
func isUnavailable(err error) bool {
	failed, ok := errors.AsType[*queue.Error](err)
	if !ok || failed.Kind != queue.Unavailable || errors.Is(err, context.Canceled) {
		return false
	}
	answer, ok := errors.AsType[*apiError](err)
	return !ok || answer.status >= http.StatusInternalServerError || answer.status == http.StatusTooManyRequests ||
		strings.Contains(answer.code, "Throttl")
}
