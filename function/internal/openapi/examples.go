package openapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// The samples of a source that become examples: the first ones, but for very long ones.
const (
	maxExamples     = 3
	maxExampleBytes = 4 << 10
)

// sampleRequest is a request that a sample of a source shows.
type sampleRequest struct {
	Name  string
	Query map[string]string
	media string // of its body, without parameters
	body  string
}

// samplesOf gives the requests that samples show for a path and a method.
func (s *source) samplesOf(path, method string) []*sampleRequest {
	var list []*sampleRequest
	for i := range s.Samples {
		of := &s.Samples[i]
		r := &of.Request
		if cmp.Or(r.Path, "/api/"+s.Name) != path || cmp.Or(r.Method, http.MethodPost) != method {
			continue
		}
		out := &sampleRequest{Name: of.Name, Query: map[string]string{}, body: r.Body, media: mediaJSON}
		for name, value := range r.Query {
			out.Query[name] = value
		}
		for name, value := range r.Headers {
			if strings.EqualFold(name, "Content-Type") {
				media, _, _ := strings.Cut(value, ";")
				out.media = strings.ToLower(strings.TrimSpace(media))
			}
		}
		if !strings.Contains(out.media, "/") { // none, or not one
			out.media = "application/octet-stream"
			if json.Valid([]byte(r.Body)) {
				out.media = mediaJSON
			}
		}
		for _, secret := range s.SecretQuery {
			delete(out.Query, secret)
		}
		list = append(list, out)
	}
	return list
}

// bodies makes examples of the bodies of samples, by media type.
func bodies(samples []*sampleRequest) map[string]mediaType {
	content := map[string]mediaType{}
	for _, sample := range samples {
		if sample.body == "" {
			continue
		}
		m, found := content[sample.media]
		if !found {
			m = mediaType{Schema: schema{}, Examples: map[string]example{}}
			if sample.media != mediaJSON && !strings.HasSuffix(sample.media, "+json") {
				m.Schema = schema{"type": "string"}
			}
		}
		if len(m.Examples) < maxExamples && len(sample.body) <= maxExampleBytes {
			m.Examples[exampleName(m.Examples, sample.Name)] =
				example{sample.Name, exampleValue(sample.media, sample.body)}
		}
		content[sample.media] = m
	}
	return content
}

// queryExamples makes examples of the queries of samples.
func queryExamples(samples []*sampleRequest) map[string]example {
	examples := map[string]example{}
	for _, sample := range samples {
		if len(sample.Query) > 0 && len(examples) < maxExamples {
			examples[exampleName(examples, sample.Name)] = example{sample.Name, sample.Query}
		}
	}
	return examples
}

// exampleName makes a name of a sample's, other than those that there are.
func exampleName(examples map[string]example, name string) string {
	base := cmp.Or(slug(name), "sample")
	out := base
	for n := 2; ; n++ {
		if _, taken := examples[out]; !taken {
			return out
		}
		out = base + "-" + strconv.Itoa(n)
	}
}

// exampleValue gives a body as an example has it: JSON as it is, with every digit, and all
// else as a text.
func exampleValue(media, body string) any {
	if media == mediaJSON || strings.HasSuffix(media, "+json") {
		if json.Valid([]byte(body)) {
			return json.RawMessage(body)
		}
	}
	return body
}
