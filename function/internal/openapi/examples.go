package openapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mayfly/transform"
)

// The samples of a source that become examples: the first ones of a media type, but for very
// long ones.
const (
	maxExamples     = 3
	maxExampleBytes = 4 << 10
)

// sampleRequest is a request that a sample of a source shows. Its name is that of the example
// of its body, and of those of its parameters.
type sampleRequest struct {
	name, summary string
	query         map[string]string
	header        map[string]string // but for Content-Type
	media         string            // of its body, without parameters
	body          string
}

// samplesOf gives the requests that samples show for a path and a method.
func (s *source) samplesOf(path, method string) []*sampleRequest {
	var list []*sampleRequest
	names, of := map[string]bool{}, map[string]int{}
	for i := range s.Samples {
		if s.Samples[i].Refused != "" {
			continue // it shows what is wrong
		}
		r := &s.Samples[i].Request
		if cmp.Or(r.Path, "/api/"+s.Name) != path || cmp.Or(r.Method, http.MethodPost) != method {
			continue
		}
		out := newSampleRequest(r)
		for _, secret := range s.SecretQuery {
			delete(out.query, secret)
		}
		if of[out.media] == maxExamples || len(out.body) > maxExampleBytes {
			continue
		}
		of[out.media]++
		out.summary = s.Samples[i].Name
		base := cmp.Or(slug(out.summary), "sample")
		for out.name = base; names[out.name]; {
			out.name = base + "-" + strconv.Itoa(len(names))
		}
		names[out.name] = true
		list = append(list, out)
	}
	return list
}

func newSampleRequest(r *transform.SampleRequest) *sampleRequest {
	out := &sampleRequest{query: map[string]string{}, header: map[string]string{}, body: r.Body, media: mediaJSON}
	maps.Copy(out.query, r.Query)
	for name, value := range r.Headers {
		switch {
		case strings.EqualFold(name, "Content-Type"):
			media, _, _ := strings.Cut(value, ";")
			out.media = strings.ToLower(strings.TrimSpace(media))
		case strings.EqualFold(name, "User-Agent"), value == "":
		default:
			out.header[name] = value
		}
	}
	if !strings.Contains(out.media, "/") { // none, or not one
		out.media = "application/octet-stream"
		if json.Valid([]byte(r.Body)) {
			out.media = mediaJSON
		}
	}
	return out
}

// parameters gives those that samples have in their queries or in their headers.
func parameters(in string, samples []*sampleRequest, of func(*sampleRequest) map[string]string) []parameter {
	byName := map[string]map[string]example{}
	for _, sample := range samples {
		for name, value := range of(sample) {
			if byName[name] == nil {
				byName[name] = map[string]example{}
			}
			byName[name][sample.name] = example{sample.summary, value}
		}
	}
	var list []parameter
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, parameter{Name: name, In: in, Schema: schema{"type": "string"}, Examples: byName[name]})
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
			if !isJSON(sample.media) {
				m.Schema = schema{"type": "string"}
			}
		}
		m.Examples[sample.name] = example{sample.summary, exampleValue(sample.media, sample.body)}
		content[sample.media] = m
	}
	return content
}

// queryExamples makes examples of the queries of samples.
func queryExamples(samples []*sampleRequest) map[string]example {
	examples := map[string]example{}
	for _, sample := range samples {
		if len(sample.query) > 0 {
			examples[sample.name] = example{sample.summary, sample.query}
		}
	}
	return examples
}

// exampleValue gives a body as an example has it: JSON as it is, with every digit, and all
// else as a text.
func exampleValue(media, body string) any {
	if isJSON(media) && json.Valid([]byte(body)) {
		return json.RawMessage(body)
	}
	return body
}

func isJSON(media string) bool { return media == mediaJSON || strings.HasSuffix(media, "+json") }
