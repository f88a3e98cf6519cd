package function

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/problem"
	"mayfly/httpsend"
	"mayfly/internal/redact"
	"mayfly/internal/secret"
	"mayfly/transform"
)

// Row is one row of the error table. The table in the README is made from it.
type Row struct {
	Where     string // the step that fails
	What      string // what happened
	Status    int
	Code      problem.Code
	Retryable bool
	Advice    string // what the one who reads the answer can do
	wait      time.Duration
}

var rows = [...]Row{
	{
		"admit",
		"the route has no such method",
		405,
		problem.MethodNotAllowed,
		false,
		"use the method that the Allow header names",
		0,
	},
	{
		"admit",
		"body over the limit (1 MiB by default, after decompression)",
		413,
		problem.BodyTooLarge,
		false,
		"send less at a time, or raise BODY_LIMIT",
		0,
	},
	{
		"admit",
		"media type, charset or encoding not known",
		415,
		problem.UnsupportedMedia,
		false,
		"send application/json, plain or gzip",
		0,
	},
	{
		"admit",
		"the caller or the device sends more than it may",
		429,
		problem.SlowDown,
		true,
		"wait as Retry-After says",
		time.Second,
	},
	{
		"admit",
		"as much under way as the instance takes (MAX_IN_FLIGHT)",
		503,
		problem.TooBusy,
		true,
		"wait as Retry-After says",
		time.Second,
	},
	{"authorise", "no or wrong credential", 401, problem.Unauthenticated, false, "send a key that the bridge knows", 0},
	{
		"authorise",
		"this caller may not speak for this device or source",
		403,
		problem.DeviceNotAllowed,
		false,
		"ask the operator of the bridge",
		0,
	},
	{
		"decode",
		"not parseable (the detail has line and offset)",
		400,
		problem.MalformedBody,
		false,
		"mend the body at the position named",
		0,
	},
	{
		"decode",
		"parsed, but fields are wrong or missing",
		422,
		problem.InvalidMessage,
		false,
		"mend the fields that errors[] names",
		0,
	},
	{"decode", "no such source or route", 404, problem.NoSource, false, "see the list of sources", 0},
	{"decode", "one message over 256 KB", 413, problem.EventTooLarge, false, "split the message", 0},
	{
		"assign",
		"DPS was still assigning the device at the deadline",
		503,
		problem.Provisioning,
		true,
		"send again: the registration goes on where it stopped",
		2 * time.Second,
	},
	{"assign", "DPS throttles", 503, problem.DPSBusy, true, "wait as Retry-After says", 5 * time.Second},
	{
		"assign",
		"DPS does not answer, or answers 5xx; retries used up",
		502,
		problem.DPSUnreachable,
		true,
		"send again later",
		5 * time.Second,
	},
	{
		"assign",
		"device disabled, blocked, not approved, or without enrollment",
		403,
		problem.DeviceRefused,
		false,
		"approve, enable or enroll the device",
		0,
	},
	{
		"assign",
		"our key, ID scope or clock is wrong",
		502,
		problem.BridgeMisconfigured,
		false,
		"the operator checks ID_SCOPE, GROUP_KEY and the clock",
		0,
	},
	{
		"assign",
		"the store of a key (Key Vault, Secrets Manager, SSM, a JWK Set) does not answer",
		503,
		problem.KeyUnavailable,
		true,
		"send again later",
		5 * time.Second,
	},
	{"send", "hub throttles", 503, problem.HubBusy, true, "wait as Retry-After says", 5 * time.Second},
	{
		"send",
		"hub is down; nothing was sent to it",
		503,
		problem.HubDown,
		true,
		"wait as Retry-After says",
		5 * time.Second,
	},
	{
		"send",
		"hub's daily quota is used up",
		503,
		problem.HubQuota,
		true,
		"wait for the next UTC day, or add units to the hub",
		0,
	},
	{
		"send",
		"still refused after one re-provisioning",
		502,
		problem.HubRefused,
		false,
		"look at upstream: the hub says why",
		0,
	},
	{
		"send",
		"hub does not answer, or answers 5xx; retries used up",
		502,
		problem.HubUnreachable,
		true,
		"send again later",
		5 * time.Second,
	},
	{"any", "out of time", 504, problem.OutOfTime, true, "send again", 2 * time.Second},
	{"any", "a bug", 500, problem.Internal, true, "tell the maintainers, with the request id", 10 * time.Second},
}

// Rows gives the error table.
func Rows() []Row { return rows[:] }

// rowOf gives the row of a code.
func rowOf(c problem.Code) *Row {
	for i := range rows {
		if rows[i].Code == c {
			return &rows[i]
		}
	}
	return rowOf(problem.Internal)
}

// Problem is the answer to a request that failed (RFC 9457).
type Problem struct {
	Type      string                 `json:"type"`
	Title     string                 `json:"title"`
	Status    int                    `json:"status"`
	Detail    string                 `json:"detail,omitempty"`
	Code      problem.Code           `json:"code"`
	Retryable bool                   `json:"retryable"`
	RequestID string                 `json:"requestId,omitempty"`
	Delivered int                    `json:"delivered,omitempty"`
	Errors    []transform.FieldError `json:"errors,omitempty"`
	Results   []Result               `json:"results,omitempty"`
	Upstream  *Upstream              `json:"upstream,omitempty"`

	retryAfter time.Duration
	cause      error // for the log, not for the caller
}

// Upstream is what the service behind us said.
type Upstream struct {
	Service    string `json:"service"` // "dps" or "hub"
	Status     int    `json:"status,omitempty"`
	ErrorCode  string `json:"errorCode,omitempty"`
	Message    string `json:"message,omitempty"`
	TrackingID string `json:"trackingId,omitempty"`
}

// Result is how one message of a batch fared.
type Result struct {
	DeviceID  string       `json:"deviceId"`
	Status    int          `json:"status"` // 200 when it is stored
	Code      problem.Code `json:"code,omitempty"`
	Retryable bool         `json:"retryable,omitempty"`
	Detail    string       `json:"detail,omitempty"`
}

// hide takes secrets out of what foreign texts and device ids have brought in.
func (p *Problem) hide(secrets []string) {
	if len(secrets) == 0 {
		return
	}
	p.Detail = hidden(p.Detail, secrets)
	if p.Upstream != nil {
		p.Upstream.Message = hidden(p.Upstream.Message, secrets)
	}
	for i := range p.Results {
		p.Results[i].DeviceID, p.Results[i].Detail = hidden(
			p.Results[i].DeviceID,
			secrets,
		), hidden(
			p.Results[i].Detail,
			secrets,
		)
	}
}

func hidden(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, redact.Placeholder)
	}
	return text
}

// secretIDs are the ids that are not to be told.
func secretIDs(messages []transform.Message) []string {
	var ids []string
	for i := range messages {
		if messages[i].SecretID {
			ids = append(ids, messages[i].DeviceID)
		}
	}
	return ids
}

// newProblem makes the problem of a row.
func newProblem(c problem.Code, detail string) *Problem {
	row := rowOf(c)
	return &Problem{
		Type: "urn:mayfly:error:" + string(c), Title: row.What, Status: row.Status, Detail: detail,
		Code: c, Retryable: row.Retryable, retryAfter: row.wait,
	}
}

// problemOf turns any error into the answer that tells the truth about it. It is
// the one place where this happens. ctx is the request's: an upstream call that
// was cut by our own deadline is out of time, not the upstream's fault.
func problemOf(ctx context.Context, err error, now time.Time) *Problem {
	var (
		own     *problem.Error
		body    *transform.Error
		fromDPS *dps.Error
		fromHub *httpsend.Error
		key     *secret.Error
	)
	switch {
	case errors.As(err, &own):
		p := newProblem(own.Code, own.Detail)
		p.cause = own.Cause
		p.retryAfter = max(p.retryAfter, own.RetryAfter)
		return p
	case errors.As(err, &body):
		p := newProblem(bodyCode(body.Kind), body.Detail)
		p.Errors = body.Fields
		return p
	case errors.As(err, &fromDPS):
		return dpsProblem(ctx, fromDPS)
	case errors.As(err, &fromHub):
		return hubProblem(ctx, fromHub, now)
	case errors.As(err, &key):
		p := newProblem(problem.BridgeMisconfigured, "the bridge's key cannot be used")
		if key.Temporary {
			p = newProblem(problem.KeyUnavailable, "the store of the bridge's key gives no usable answer")
		}
		p.cause = key
		return p
	case errors.Is(err, context.DeadlineExceeded):
		return newProblem(problem.OutOfTime, "")
	default:
		return newProblem(problem.Internal, "")
	}
}

func bodyCode(k transform.Kind) problem.Code {
	switch k {
	case transform.Malformed:
		return problem.MalformedBody
	case transform.Unsupported:
		return problem.UnsupportedMedia
	case transform.Invalid:
	}
	return problem.InvalidMessage
}

func dpsProblem(ctx context.Context, e *dps.Error) *Problem {
	var c problem.Code
	detail := ""
	switch e.Kind {
	case dps.Pending:
		p := newProblem(problem.Provisioning, "DPS is still assigning "+e.Device)
		p.retryAfter = e.RetryAfter
		return p
	case dps.Throttled:
		c, detail = problem.DPSBusy, "DPS throttles; "+e.Device+" has no hub yet"
	case dps.Unauthorized, dps.UnknownScope, dps.Invalid:
		c, detail = problem.BridgeMisconfigured, "DPS does not accept the bridge's credentials: "+e.Kind.Error()
		if e.Kind == dps.Invalid {
			detail = "DPS does not accept the request"
		}
	case dps.NotAssigned, dps.NotEnrolled, dps.Refused, dps.Disabled:
		c, detail = problem.DeviceRefused, "DPS refuses "+e.Device+": "+refusedBecause(e)
	case dps.Unavailable, dps.Malformed:
		c, detail = problem.DPSUnreachable, "DPS gave no usable answer for "+e.Device
		if ctx.Err() != nil {
			c = problem.OutOfTime
		}
	}
	p := newProblem(c, detail)
	p.Upstream = &Upstream{
		Service:    "dps",
		Status:     e.Status,
		ErrorCode:  number(e.Code),
		Message:    e.Message,
		TrackingID: e.TrackingID,
	}
	if e.RetryAfter > 0 {
		p.retryAfter = e.RetryAfter
	}
	return p
}

func refusedBecause(e *dps.Error) string {
	switch {
	case e.Kind == dps.Disabled:
		return "its enrollment is disabled"
	case e.Kind == dps.NotEnrolled:
		return "there is no enrollment for it, or ID_SCOPE is wrong"
	case e.Code == 400209:
		// Bridge and IoT Central documents: "unassociated or blocked".
		return "it is blocked, or waits for approval"
	default:
		return "the allocation said no"
	}
}

func hubProblem(ctx context.Context, e *httpsend.Error, now time.Time) *Problem {
	var c problem.Code
	detail := ""
	switch e.Kind {
	case httpsend.Throttled:
		c, detail = problem.HubBusy, "the hub throttles"
	case httpsend.Down:
		c, detail = problem.HubDown, "the hub has not answered for a while"
	case httpsend.QuotaExceeded:
		c, detail = problem.HubQuota, "the hub's daily quota is used up until the next UTC day"
	case httpsend.NotHere, httpsend.Invalid:
		c, detail = problem.HubRefused, "the hub does not take events of "+e.Device
	case httpsend.Blocked:
		c, detail = problem.DeviceRefused, "an operator has blocked "+e.Device
	case httpsend.TooLarge:
		c, detail = problem.EventTooLarge, e.Message
	case httpsend.Unavailable:
		c, detail = problem.HubUnreachable, fmt.Sprintf("the hub gave no usable answer, tries: %d", e.Tries)
		if ctx.Err() != nil {
			c = problem.OutOfTime
		}
	}
	p := newProblem(c, detail)
	if e.Status != 0 || e.Kind == httpsend.Unavailable {
		p.Upstream = &Upstream{
			Service:    "hub",
			Status:     e.Status,
			ErrorCode:  cmp.Or(e.Name, number(e.Code)),
			Message:    e.Message,
			TrackingID: e.TrackingID,
		}
	}
	switch {
	case e.Kind == httpsend.QuotaExceeded:
		utc := now.UTC()
		p.retryAfter = time.Date(utc.Year(), utc.Month(), utc.Day()+1, 0, 0, 0, 0, time.UTC).Sub(utc)
	case e.RetryAfter > 0:
		p.retryAfter = e.RetryAfter
	}
	return p
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// seconds writes a wait for a Retry-After header: whole seconds, one at least.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(int(math.Ceil(d.Seconds())), 1))
}

// worst picks, of the problems of a batch, the one that the whole answer
// carries: the worst of those that a retry may heal, else the worst.
func worst(problems []*Problem) *Problem {
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
