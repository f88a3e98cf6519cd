package openapi

import (
	"net/http"
	"slices"
	"strings"

	"mayfly/function/internal/problem"
	"mayfly/transform/answer"
	"mayfly/transform/media"
	"mayfly/transform/media/otlp"
	"mayfly/transform/sources"
)

// addSource puts the operations of a source into the paths: its own path, those below it
// that its samples show, and its probes.
func (b *builder) addSource(paths map[string]pathItem, s *source) {
	root := "/api/" + s.Name
	for _, path := range s.paths(root) {
		for _, method := range s.methods() {
			samples := s.samplesOf(path, method)
			if path != root && len(samples) == 0 {
				continue
			}
			a := answers{}
			b.addProblems(a, kindMapped, s)
			b.addReplies(a, s)
			o := &operation{
				OperationID: operationID(method, path), Tags: []string{tagSources}, Summary: s.title(),
				Description: b.describe(s, root, path), Responses: b.finish(a), Security: b.securityOf(s),
				Patience: s.Patience.Seconds(), Source: s.Name,
			}
			if s.Docs != "" {
				o.ExternalDocs = &externalDocs{s.Docs}
			}
			s.fill(o, method, samples)
			if paths[path] == nil {
				paths[path] = pathItem{}
			}
			paths[path][strings.ToLower(method)] = o
		}
	}
	if s.Format == media.FormatCloudEvent || s.Name == "cloudevents" {
		r := handshake(root, s.Name)
		r.tag = tagSources
		b.add(paths, r)
	}
	for i := range s.Probes {
		b.addProbe(paths, s, root, &s.Probes[i])
	}
}

func (s *source) title() string {
	if s.Title == "" {
		return s.Name
	}
	return s.Title
}

// describe tells how the sender is set up, and what it does with answers.
func (b *builder) describe(s *source, root, path string) string {
	if path != root {
		return "As " + root + "."
	}
	var parts []string
	if setup := strings.TrimSpace(s.Setup); setup != "" {
		parts = append(parts, setup)
	}
	if evidence := strings.TrimSpace(s.Evidence); evidence != "" {
		parts = append(parts, "Made from: "+evidence)
	}
	if group := sources.GroupTitle(s.Group); group != "" {
		parts = append(parts, "Listed under: "+group+".")
	}
	if resends := strings.TrimSpace(s.Resends); resends != "" {
		parts = append(parts, "What it does when it is not answered 2xx: "+resends)
	}
	parts = append(parts, "Paths below this one are taken, too, for senders that add to it. "+b.bodyLimits())
	return strings.Join(parts, "\n\n")
}

// paths gives the path of the source, and those below it that its samples name.
func (s *source) paths(root string) []string {
	paths := []string{root}
	for i := range s.Samples {
		path := s.Samples[i].Request.Path
		if strings.HasPrefix(path, root+"/") && !slices.Contains(paths, path) && !s.isProbe(path[len(root)+1:]) {
			paths = append(paths, path)
		}
	}
	return paths
}

func (s *source) isProbe(path string) bool {
	return slices.ContainsFunc(s.Probes, func(p answer.Probe) bool { return p.Path == path })
}

func (s *source) speaksProtobuf() bool { return s.Format == media.FormatOTLP }

// fill adds what the samples show of a request: its parameters, and its bodies.
func (s *source) fill(o *operation, method string, samples []*sampleRequest) {
	headers := parameters("header", samples, func(r *sampleRequest) map[string]string { return r.header })
	if method == http.MethodGet {
		o.Parameters = slices.Concat(headers, []parameter{readings(queryExamples(samples))})
		return
	}
	query := parameters("query", samples, func(r *sampleRequest) map[string]string { return r.query })
	o.Parameters = slices.Concat(query, headers)
	content := bodies(samples)
	if len(content) == 0 {
		content = anyContent(mediaJSON)
	}
	if s.speaksProtobuf() {
		content[otlp.MediaType] = mediaType{Schema: schema{}}
	}
	o.RequestBody = &requestBody{Description: "as the sender writes it", Content: content}
}

// addProbe adds a request of the sender that holds no messages.
func (b *builder) addProbe(paths map[string]pathItem, s *source, root string, p *answer.Probe) {
	path := root + "/" + p.Path
	if paths[path] == nil {
		paths[path] = pathItem{}
	}
	methods := p.Methods
	if len(methods) == 0 {
		methods = []string{http.MethodGet}
	}
	for _, method := range methods {
		a := answers{}
		if !p.Public {
			b.addProblems(a, kindMapped, s)
		}
		success := replyResponse(&p.Answer, &response{
			Description: "It is there.", Content: map[string]mediaType{mediaJSON: {Schema: schema{}}},
		})
		status := statusOf(&p.Answer, "200", "2XX")
		if status == "204" || method == http.MethodHead {
			success.Content = nil
		}
		a.add(status, success)
		if p.Public {
			addRows(a, rowsOf(problem.MethodNotAllowed, problem.Internal))
		} else {
			b.addErrors(a, s)
		}
		o := &operation{
			OperationID: operationID(method, path), Tags: []string{tagSources}, Summary: s.title() + ": " + p.Path,
			Description: "A request of this sender that holds no messages.", Responses: b.finish(a),
			Security: b.securityOf(s), Source: s.Name,
		}
		if p.Public {
			o.Security = nobody
		}
		paths[path][strings.ToLower(method)] = o
	}
}

// operationID names an operation in generated clients.
func operationID(method, path string) string {
	return strings.ToLower(method) + "-" + slug(strings.TrimPrefix(path, "/api/"))
}

// slug makes a text fit for a name: letters, digits, dots and dashes.
func slug(text string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, text)
	for strings.Contains(out, "--") {
		out = strings.ReplaceAll(out, "--", "-")
	}
	return strings.Trim(out, "-")
}
