package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/config"
	"mayfly/function/internal/platform"
	"mayfly/httpsend"
	"mayfly/transform"
)

// Audience is who reads a document.
type Audience int

// The audiences.
const (
	Public  Audience = iota // whoever reaches the bridge
	Callers                 // those that may send
)

// The tags of operations.
const (
	tagTelemetry = "Telemetry"
	tagSources   = "Sources"
	tagService   = "Service"
)

// Build writes the document of a configuration that was checked. An error is one of a
// built-in source that cannot be read.
func Build(c *config.Config, audience Audience) ([]byte, error) {
	b := &builder{config: c, audience: audience, responses: map[string]*response{}, texts: map[string]string{}}
	if err := b.readSources(); err != nil {
		return nil, err
	}
	d := &document{OpenAPI: "3.1.1", Info: b.info(), Paths: map[string]pathItem{}, Limits: b.limits()}
	// Relative to the document, so that base paths, stages and custom domains are right.
	d.Servers = []server{{URL: ".", Description: "where this document is"}}
	schemes, security := b.security()
	d.Security = security
	d.Tags = []tag{
		{tagTelemetry, "Messages in Mayfly's own formats, and in those that it recognises."},
		{tagSources, "What IoT clouds and devices send in formats of their own."},
		{tagService, "Health, and what the operator reads."},
	}
	for _, r := range b.routes() {
		b.add(d.Paths, r)
	}
	for _, s := range b.sources {
		b.addSource(d.Paths, s)
	}
	d.Components = components{Schemas: b.schemas(), Responses: b.responses, SecuritySchemes: schemes}
	return encode(d)
}

// encode writes JSON, with the texts as they are.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return out.Bytes(), err
}

// builder makes one document.
type builder struct {
	config    *config.Config
	audience  Audience
	sources   []*source
	responses map[string]*response // that operations share
	texts     map[string]string    // their names, by their JSON
}

// source is a source as its operations need it.
type source struct {
	*transform.Definition
	file *config.Source // nil where the file says nothing of it
}

// readSources reads the definitions of the sources that the audience may know of, in the
// order of their names. It compiles none.
func (b *builder) readSources() error {
	files := map[string]*config.Source{}
	for i := range b.config.Sources {
		files[b.config.Sources[i].Name] = &b.config.Sources[i]
	}
	for _, name := range b.config.Transformer.SourceNames() {
		s := &source{file: files[name]}
		if s.file != nil && b.audience == Callers {
			s.Definition = &s.file.Definition
			b.sources = append(b.sources, s)
			continue
		}
		builtin, found := transform.BuiltinText(name)
		if !found {
			continue // of the file, which callers alone are told
		}
		var err error
		if s.Definition, err = transform.ParseDefinition(builtin); err != nil {
			return fmt.Errorf("source %s: %w", name, err)
		}
		if s.file != nil {
			s.Methods = s.file.Methods
		}
		b.sources = append(b.sources, s)
	}
	return nil
}

// contractVersion is the version of what senders rely on. It is not the program's, which
// whoever attacks it would like to know.
const contractVersion = "1"

func (b *builder) info() info {
	i := info{
		Title: "Mayfly", Version: contractVersion,
		Summary: "Telemetry over HTTP into Azure IoT Central, or into any DPS and IoT Hub.",
		Description: "A 2xx means that the IoT hub has stored every message of the request. Every failure is " +
			"application/problem+json with a code, and with Retry-After where sending again helps. " +
			b.whoCalls(),
	}
	i.License.Name, i.License.Identifier = "MIT", "MIT"
	return i
}

// whoCalls tells how callers are checked.
func (b *builder) whoCalls() string {
	switch b.config.Auth {
	case policy.ModePlatform:
		return "Callers are checked by what stands in front of this bridge."
	case policy.ModeNone:
		return "Nobody checks the callers here."
	default:
		if b.audience == Public {
			return "Callers with a key also find here the sources that this bridge has of its own."
		}
		return "Callers show a credential."
	}
}

func (b *builder) limits() limits {
	l := limits{
		BodyBytes: b.config.BodyLimit, Messages: b.config.MaxMessages, EventBytes: httpsend.MaxMessage,
	}
	if b.config.Host != platform.Lambda {
		l.Seconds = b.config.RequestTimeout.Seconds()
	}
	if r := b.config.DeviceRate; r.Count > 0 {
		l.DevicePerSec = float64(r.Count) / r.Per.Seconds()
	}
	return l
}

// share puts a response among the components, once, and returns a reference to it.
func (b *builder) share(name string, r *response) (*response, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	shared, found := b.texts[string(text)]
	if !found {
		shared = name
		for n := 2; b.responses[shared] != nil; n++ {
			shared = fmt.Sprintf("%s-%d", name, n)
		}
		b.responses[shared], b.texts[string(text)] = r, shared
	}
	return &response{Ref: "#/components/responses/" + shared}, nil
}

// methods gives the methods of a source.
func (s *source) methods() []string {
	if len(s.Methods) == 0 {
		return []string{"POST"}
	}
	return slices.Compact(slices.Sorted(slices.Values(s.Methods)))
}

// signed tells whether requests of the source carry a signature.
func (s *source) signed() bool { return s.file != nil && s.file.Signature != nil }
