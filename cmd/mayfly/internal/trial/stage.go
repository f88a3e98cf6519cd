package trial

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"mayfly/cmd/mayfly/internal/recorder/hidden"
	"mayfly/function"
	"mayfly/transform"
	"mayfly/transform/message"
)

// Stage makes trials with one configuration. It may be used by several goroutines.
type Stage struct {
	now atomic.Pointer[configured]
}

type configured struct {
	t       *transform.Transformer
	options Options
}

// Load reads the configuration that the bridge has with the same variables. path is that of CONFIG.
func Load(environ []string, path string, options ...function.LoadOption) (*transform.Transformer, Options, error) {
	t, _, err := function.LoadSources(path, options...)
	if err != nil {
		return nil, Options{}, err
	}
	_, fitter, err := function.LoadTemplates(environ, path)
	if err != nil {
		return nil, Options{}, err
	}
	enrichment, err := function.LoadEnrichment(environ, path, options...)
	if err != nil {
		return nil, Options{}, err
	}
	return t, Options{enrichment.Reducer(), enrichment.Online(t), fitter}, nil
}

// NewStage returns a Stage of a configuration.
func NewStage(t *transform.Transformer, o Options) *Stage {
	s := &Stage{}
	s.Use(t, o)
	return s
}

// Use has trials be made with another configuration.
func (s *Stage) Use(t *transform.Transformer, o Options) { s.now.Store(&configured{t, o}) }

// Explain maps a request by the source of that name, or as one of Mayfly's own formats, and tells every step.
func (s *Stage) Explain(ctx context.Context, name string, r *message.Request) (*Trial, error) {
	now := s.now.Load()
	return explain(ctx, now.t, name, r, now.options)
}

// Map tells what a source makes of a request, before reduce, enrich and device templates: what its samples promise.
func (s *Stage) Map(ctx context.Context, name string, r *message.Request) (*Trial, error) {
	return explain(ctx, s.now.Load().t, name, r, Options{})
}

func explain(
	ctx context.Context, t *transform.Transformer, name string, r *message.Request, options Options,
) (*Trial, error) {
	if IsNative(name) {
		return Of(ctx, Native(t, name, r), options), nil
	}
	source, err := t.Source(name)
	if err == nil && source == nil {
		err = fmt.Errorf("there is no source %s any more", name)
	}
	if err != nil {
		return nil, err
	}
	return Of(ctx, source.Trace(ctx, r), options), nil
}

// Secrets tells where requests of a source have credentials; of all sources where there is none of that name.
func (s *Stage) Secrets(name string) (out hidden.Places) {
	if IsNative(name) {
		return out
	}
	t := s.now.Load().t
	names := []string{name}
	if source, err := t.Source(name); err == nil && source == nil {
		names = t.SourceNames()
	}
	for _, name := range names {
		source, err := t.Source(name)
		if err != nil {
			continue // nothing is taken by a source that does not compile
		}
		out.Query = append(out.Query, source.SecretQuery...)
		if p := source.Signature; p != nil {
			out.Headers, out.Query = add(out.Headers, p.Header), add(out.Query, p.Query)
			out.Members = append(out.Members, p.Members...)
		}
	}
	return out
}

func add(names []string, name string) []string {
	if name == "" {
		return names
	}
	return append(names, name)
}

// deviceOf is the device that the path of a request of the format device names, or else the usual one.
func deviceOf(path string) string {
	rest, ok := strings.CutPrefix(path, "/api/devices/")
	id, _, more := strings.Cut(rest, "/")
	if !ok || !more || !message.ValidDeviceID(id) {
		return deviceID
	}
	return id
}
