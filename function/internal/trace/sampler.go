package trace

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"
)

// parseSampler reads OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. What cannot be used is the
// default of the specification.
func parseSampler(name, arg string) (s sampler, warning string) {
	name = strings.ToLower(strings.TrimSpace(name))
	base, byParent := strings.CutPrefix(name, "parentbased_")
	switch base {
	case "always_on":
		return sampler{sdk.AlwaysSample(), byParent}, ""
	case "always_off":
		return sampler{sdk.NeverSample(), byParent}, ""
	case "traceidratio":
		ratio, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			ratio, warning = 1, "OTEL_TRACES_SAMPLER_ARG: want a number from 0 to 1; 1 is used"
			if strings.TrimSpace(arg) == "" {
				warning = ""
			}
		}
		return sampler{sdk.TraceIDRatioBased(ratio), byParent}, warning
	case "":
	default:
		warning = "OTEL_TRACES_SAMPLER: want always_on, always_off, traceidratio, or one of these with parentbased_ " +
			"in front; parentbased_always_on is used"
	}
	return sampler{sdk.AlwaysSample(), true}, warning
}

// sampler decides by its root where there is no parent, or always.
type sampler struct {
	root     sdk.Sampler
	byParent bool
}

// How many requests of senders that have not shown a credential are sampled because these want
// it: their traces are worth having, but their flag must not make every request cost more.
const (
	unprovenRate  = 1 // per second
	unprovenBurst = 10
)

// guard is the sampler of a Tracer. The spans of a request share the decision on its first one.
//
// A sender chooses the sampled flag and the trace's id, by which traceidratio decides. One that
// has not shown a credential has unprovenRate requests sampled by that; of its other ones the
// root decides as for a trace that begins here.
type guard struct {
	sampler
	unproven *rate.Limiter
	now      func() time.Time
}

func newGuard(s sampler, now func() time.Time) *guard {
	return &guard{sampler: s, unproven: rate.NewLimiter(unprovenRate, unprovenBurst), now: now}
}

// ShouldSample decides on one span.
func (g *guard) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	result := sdk.SamplingResult{Decision: sdk.Drop, Tracestate: parent.TraceState()}
	sampled := sdk.SamplingResult{Decision: sdk.RecordAndSample, Tracestate: parent.TraceState()}
	switch {
	case parent.IsValid() && !parent.IsRemote():
		if parent.IsSampled() {
			return sampled
		}
		return result
	case !parent.IsValid():
		return g.root.ShouldSample(p)
	}
	if g.byParent {
		if !parent.IsSampled() {
			return result
		}
		result = sampled
	} else if result = g.root.ShouldSample(p); result.Decision == sdk.Drop {
		return result
	}
	if isProven(p.ParentContext) || g.unproven.AllowN(g.now(), 1) {
		return result
	}
	// As for a trace that begins here: with another id, and in no trace.
	binary.BigEndian.PutUint64(p.TraceID[:8], rand.Uint64()) //nolint:gosec // an id is not a secret
	binary.BigEndian.PutUint64(p.TraceID[8:], rand.Uint64()) //nolint:gosec // an id is not a secret
	result.Decision = g.root.ShouldSample(p).Decision
	return result
}

// Description names the sampler.
func (g *guard) Description() string {
	return fmt.Sprintf("Guard{root:%s,parentBased:%v}", g.root.Description(), g.byParent)
}

type provenKey struct{}

// withProven says that the sender of a request has shown a credential.
func withProven(ctx context.Context) context.Context {
	return context.WithValue(ctx, provenKey{}, true)
}

func isProven(ctx context.Context) bool { return ctx.Value(provenKey{}) != nil }
