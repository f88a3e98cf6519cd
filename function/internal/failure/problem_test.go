package failure

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"mayfly/dps"
	"mayfly/function/internal/delivery"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/results"
	"mayfly/httpsend"
	"mayfly/internal/secret"
	"mayfly/transform/message"
)

// What an error is answered with: the code, and how long the sender is to wait.
func TestProblemOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 14, 22, 30, 0, 0, time.UTC)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, tt := range map[string]struct {
		err       error
		ended     bool // the request's own time
		code      problem.Code
		retryable bool
		wait      time.Duration
	}{
		"a rate": {&problem.Error{Code: problem.SlowDown}, false, problem.SlowDown, true, time.Second},
		"a rate, longer": {&problem.Error{Code: problem.SlowDown, RetryAfter: time.Minute}, false, problem.SlowDown,
			true, time.Minute},
		"busy":        {problem.ErrBusy, false, problem.TooBusy, true, time.Second},
		"malformed":   {&message.Error{Kind: message.Malformed}, false, problem.MalformedBody, false, 0},
		"invalid":     {&message.Error{Kind: message.Invalid}, false, problem.InvalidMessage, false, 0},
		"unsupported": {&message.Error{Kind: message.Unsupported}, false, problem.UnsupportedMedia, false, 0},
		"pending": {&dps.Error{Kind: dps.Pending, RetryAfter: 3 * time.Second}, false,
			problem.Provisioning, true, 3 * time.Second},
		"DPS throttles": {&dps.Error{Kind: dps.Throttled}, false, problem.DPSBusy, true, 5 * time.Second},
		"DPS throttles, and says": {&dps.Error{Kind: dps.Throttled, RetryAfter: 9 * time.Second}, false,
			problem.DPSBusy, true, 9 * time.Second},
		"DPS is away": {&dps.Error{Kind: dps.Unavailable}, false, problem.DPSUnreachable, true,
			5 * time.Second},
		"DPS is away at the end": {&dps.Error{Kind: dps.Unavailable}, true, problem.OutOfTime, true, 2 * time.Second},
		"DPS is slow at the end": {&dps.Error{Kind: dps.Unavailable, Err: context.DeadlineExceeded}, true,
			problem.OutOfTime, true, 2 * time.Second},
		"DPS refuses connections, at the end": {&dps.Error{Kind: dps.Unavailable, Err: syscall.ECONNREFUSED}, true,
			problem.DPSUnreachable, true, 5 * time.Second},
		"DPS talks nonsense": {&dps.Error{Kind: dps.Malformed}, false, problem.DPSUnreachable, true,
			5 * time.Second},
		"wrong key":        {&dps.Error{Kind: dps.Unauthorized}, false, problem.BridgeMisconfigured, false, 0},
		"wrong scope":      {&dps.Error{Kind: dps.UnknownScope}, false, problem.BridgeMisconfigured, false, 0},
		"wrong request":    {&dps.Error{Kind: dps.Invalid}, false, problem.BridgeMisconfigured, false, 0},
		"not enrolled":     {&dps.Error{Kind: dps.NotEnrolled}, false, problem.DeviceRefused, false, 0},
		"refused":          {&dps.Error{Kind: dps.Refused, Code: 400209}, false, problem.DeviceRefused, false, 0},
		"DPS needs repair": {&dps.Error{Kind: dps.Misconfigured}, false, problem.DPSMisconfigured, false, 0},
		"failed for now":   {&dps.Error{Kind: dps.Failed}, false, problem.RegistrationFailed, true, 5 * time.Second},
		"failed for now, and DPS says when": {&dps.Error{Kind: dps.Failed, RetryAfter: time.Second}, false,
			problem.RegistrationFailed, true, time.Second},
		"disabled": {&dps.Error{Kind: dps.Disabled}, false, problem.DeviceRefused, false, 0},
		"hub throttles": {&httpsend.Error{Kind: httpsend.Throttled}, false, problem.HubBusy, true,
			5 * time.Second},
		"hub is down": {&httpsend.Error{Kind: httpsend.Down, RetryAfter: time.Minute}, false, problem.HubDown, true,
			time.Minute},
		"quota, until midnight": {&httpsend.Error{Kind: httpsend.QuotaExceeded, RetryAfter: 1}, false,
			problem.HubQuota, true, 90 * time.Minute},
		"hub does not know it yet": {&delivery.NotReady{Refused: &httpsend.Error{Kind: httpsend.NotHere, Status: 404}},
			false, problem.HubNotReady, true, 5 * time.Second},
		"hub does not know it": {&httpsend.Error{Kind: httpsend.NotHere, Status: 404}, false, problem.HubRefused,
			false, 0},
		"hub says it is invalid": {&httpsend.Error{Kind: httpsend.Invalid, Status: 400}, false, problem.HubRefused,
			false, 0},
		"invalid, and not sent": {&httpsend.Error{Kind: httpsend.Invalid}, false, problem.InvalidMessage, false, 0},
		"blocked":               {&httpsend.Error{Kind: httpsend.Blocked}, false, problem.DeviceRefused, false, 0},
		"too large":             {&httpsend.Error{Kind: httpsend.TooLarge}, false, problem.EventTooLarge, false, 0},
		"hub is away": {&httpsend.Error{Kind: httpsend.Unavailable}, false, problem.HubUnreachable, true,
			5 * time.Second},
		"hub is away at the end": {&httpsend.Error{Kind: httpsend.Unavailable}, true, problem.OutOfTime, true,
			2 * time.Second},
		"hub refuses connections, at the end": {&httpsend.Error{Kind: httpsend.Unavailable, Err: syscall.ECONNREFUSED},
			true, problem.HubUnreachable, true, 5 * time.Second},
		"hub is nowhere": {&httpsend.Error{Kind: httpsend.NotHere, Err: &net.DNSError{IsNotFound: true}}, false,
			problem.HubUnreachable, true, 5 * time.Second},
		"store of a key is away": {&secret.Error{Temporary: true}, false, problem.KeyUnavailable, true,
			5 * time.Second},
		"a key that is wrong": {&secret.Error{}, false, problem.BridgeMisconfigured, false, 0},
		"out of time":         {context.DeadlineExceeded, false, problem.OutOfTime, true, 2 * time.Second},
		"a bug":               {errors.New("x"), false, problem.Internal, true, 10 * time.Second},
	} {
		ctx := context.Background()
		if tt.ended {
			ctx = ended
		}
		p := Of(ctx, tt.err, now)
		if p.Code != tt.code || p.Retryable != tt.retryable || p.RetryAfter != tt.wait {
			t.Errorf("%s: %s, retryable %v after %s", name, p.Code, p.Retryable, p.RetryAfter)
		}
		if row := problem.RowOf(tt.code); p.Status != row.Status || p.Title != row.What {
			t.Errorf("%s: %d %s is not its row", name, p.Status, p.Title)
		}
	}
}

// The answer to a batch carries the worst that a retry may heal, else the worst.
func TestWorst(t *testing.T) {
	t.Parallel()
	lasting, worse := New(problem.DeviceRefused, ""), New(problem.HubRefused, "")
	passing, later := New(problem.SlowDown, ""), New(problem.HubQuota, "")
	for name, tt := range map[string]struct {
		problems []*Problem
		want     *Problem
	}{
		"none":                         {[]*Problem{nil, nil}, nil},
		"one":                          {[]*Problem{nil, lasting}, lasting},
		"the worse one":                {[]*Problem{lasting, worse, lasting}, worse},
		"a retry may heal one":         {[]*Problem{worse, passing, lasting}, passing},
		"the worse of those":           {[]*Problem{passing, worse, later}, later},
		"the first of two equally bad": {[]*Problem{lasting, New(problem.DeviceRefused, "second")}, lasting},
	} {
		if got := Worst(tt.problems); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", -5: "1"} {
		if got := Seconds(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

func TestByteCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		1: "1 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1025: "1025 bytes", 1 << 20: "1024 KiB",
	} {
		if got := problem.ByteCount(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// Ids that are secret are in nothing that a problem says.
func TestHide(t *testing.T) {
	t.Parallel()
	p := &Problem{
		Detail: "a SECRET b", Upstream: &Upstream{Message: "no SECRET"},
		Results: []results.Result{{DeviceID: "SECRET", Detail: "SECRET is blocked"}},
	}
	p.Hide([]string{"SECRET"})
	for _, text := range []string{p.Detail, p.Upstream.Message, p.Results[0].DeviceID, p.Results[0].Detail} {
		if strings.Contains(text, "SECRET") || !strings.Contains(text, "[redacted]") {
			t.Errorf("%q", text)
		}
	}
}

// A problem of a call without an answer says why there is none.
func TestBecause(t *testing.T) {
	t.Parallel()
	const cause = "it refuses connections"
	for _, err := range []error{
		&dps.Error{Kind: dps.Unavailable, Err: syscall.ECONNREFUSED},
		&httpsend.Error{Kind: httpsend.Unavailable, Err: syscall.ECONNREFUSED},
		&httpsend.Error{Kind: httpsend.Down, Err: syscall.ECONNREFUSED},
	} {
		if p := Of(t.Context(), err, time.Now()); !strings.HasSuffix(p.Detail, ": "+cause) {
			t.Errorf("%v: %s", err, p.Detail)
		}
	}
}
