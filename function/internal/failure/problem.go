package failure

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/logged"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/results"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform/codec"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/template"
)

// Problem is the answer to a request that failed (RFC 9457).
type Problem struct {
	Type      string               `json:"type"`
	Title     string               `json:"title"`
	Status    int                  `json:"status"`
	Detail    string               `json:"detail,omitempty"`
	Code      problem.Code         `json:"code"`
	Retryable bool                 `json:"retryable"`
	RequestID string               `json:"requestId,omitempty"`
	Delivered int                  `json:"delivered,omitempty"`
	Accepted  int                  `json:"accepted,omitempty"`
	Errors    []message.FieldError `json:"errors,omitempty"`
	Results   []results.Result     `json:"results,omitempty"`
	Upstream  *Upstream            `json:"upstream,omitempty"`

	RetryAfter time.Duration `json:"-"`
	Cause      error         `json:"-"` // for the log, not for the caller
}

// Hide takes secrets out of what foreign texts and device ids have brought in.
func (p *Problem) Hide(secrets []string) {
	if len(secrets) == 0 {
		return
	}
	p.Detail = logged.Hide(p.Detail, secrets)
	if p.Upstream != nil {
		p.Upstream.Message = logged.Hide(p.Upstream.Message, secrets)
	}
	for i := range p.Results {
		r := &p.Results[i]
		r.DeviceID, r.Detail = logged.Hide(r.DeviceID, secrets), logged.Hide(r.Detail, secrets)
	}
}

// JSON is the problem as a document, a line of it.
func (p *Problem) JSON() []byte {
	text, _ := json.Marshal(p) // texts and numbers always marshal
	return append(text, '\n')
}

// New makes the problem of a row.
func New(c problem.Code, detail string) *Problem {
	row := problem.RowOf(c)
	return &Problem{
		Type: "urn:mayfly:error:" + string(c), Title: row.What, Status: row.Status, Detail: detail,
		Code: c, Retryable: row.Retryable, RetryAfter: row.Wait,
	}
}

// Of turns any error into the answer that tells the truth about it. It is
// the one place where this happens. ctx is the request's: an upstream call that
// was cut by our own deadline is out of time, not the upstream's fault.
func Of(ctx context.Context, err error, now time.Time) *Problem {
	var (
		own     *problem.Error
		body    *message.Error
		without *enrich.MissingError
		unfit   *template.Mismatch
		fromDPS *dps.Error
		fromHub *httpsend.Error
		early   *delivery.NotReady
		key     *secret.Error
		failed  *codec.Error
	)
	switch {
	case errors.As(err, &own):
		p := New(own.Code, own.Detail)
		p.Cause = own.Cause
		p.RetryAfter = max(p.RetryAfter, own.RetryAfter)
		p.Retryable = p.Retryable || own.Heals
		return p
	case errors.As(err, &body):
		p := New(bodyCode(body.Kind), body.Detail)
		p.Errors = body.Fields
		return p
	case errors.As(err, &without):
		return New(problem.EnrichmentMissing, without.Error())
	case errors.As(err, &unfit):
		return mismatchProblem(unfit)
	case errors.As(err, &failed): // others go out as notes
		p := New(problem.CodecUnavailable, "")
		p.Cause = failed
		return p
	case errors.As(err, &fromDPS):
		return dpsProblem(ctx, fromDPS)
	case errors.As(err, &early):
		p := New(problem.HubNotReady, "the hub does not know "+early.Refused.Device+" yet")
		p.Upstream = OfHub(early.Refused)
		return p
	case errors.As(err, &fromHub):
		return hubProblem(ctx, fromHub, now)
	case errors.As(err, &key):
		p := New(problem.BridgeMisconfigured, "the bridge's key cannot be used")
		if key.Temporary {
			p = New(problem.KeyUnavailable, "the store of the bridge's key gives no usable answer")
		}
		p.Cause = key
		return p
	case errors.Is(err, context.DeadlineExceeded):
		return New(problem.OutOfTime, "")
	default:
		return New(problem.Internal, "")
	}
}

// mismatchProblem tells which members do not fit the device template, and what would be right.
func mismatchProblem(wrong *template.Mismatch) *Problem {
	p := New(problem.TemplateMismatch, wrong.Error())
	for _, f := range wrong.Findings[:min(len(wrong.Findings), message.MaxFieldErrors)] {
		path := "measurements"
		switch {
		case f.Rule == template.RuleModel:
			path = "modelId"
		case f.Path != "":
			path += "." + f.Path
		}
		p.Errors = append(p.Errors, message.FieldError{Path: path, Rule: f.Rule, Hint: f.Hint})
	}
	return p
}

func bodyCode(k message.Kind) problem.Code {
	switch k {
	case message.Malformed:
		return problem.MalformedBody
	case message.Unsupported:
		return problem.UnsupportedMedia
	case message.TooLarge:
		return problem.BodyTooLarge
	case message.Busy:
		return problem.TooBusy
	case message.Invalid:
	}
	return problem.InvalidMessage
}

// Seconds writes a wait for a Retry-After header: whole seconds, one at least.
func Seconds(d time.Duration) string {
	return strconv.Itoa(max(int(math.Ceil(d.Seconds())), 1))
}

// Worst picks, of the problems of a batch, the one that the whole answer
// carries: the worst of those that a retry may heal, else the worst.
func Worst(problems []*Problem) *Problem {
	var pick *Problem
	for _, p := range problems {
		if p == nil {
			continue
		}
		if pick == nil || p.Retryable && !pick.Retryable || p.Retryable == pick.Retryable && p.Status > pick.Status {
			pick = p
		}
	}
	return pick
}
