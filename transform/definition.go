package transform

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/goccy/go-yaml"
)

// Definition is a source as it stands in its YAML file. Texts named as jq are
// expressions over the body; $request holds method, path, query (first values)
// and headers (lower-case names, first values).
type Definition struct {
	Name     string        `yaml:"name"`
	Title    string        `yaml:"title"`
	Docs     string        `yaml:"docs"`     // link to the sender's own documentation
	Setup    string        `yaml:"setup"`    // how to set the sender up, for its user
	Methods  []string      `yaml:"methods"`  // POST when empty
	Patience time.Duration `yaml:"patience"` // how long the sender waits for the answer; 5s

	Detect string `yaml:"detect"` // jq: is this body one of this source's?
	Ignore string `yaml:"ignore"` // jq: true for what is no telemetry (joins, acks, ...)
	Each   string `yaml:"each"`   // jq: the parts of a body that holds several messages; . otherwise

	DeviceID     string            `yaml:"deviceId"`     // jq
	ModelID      string            `yaml:"modelId"`      // jq
	GatewayID    string            `yaml:"gatewayId"`    // jq
	Component    string            `yaml:"component"`    // jq
	MessageID    string            `yaml:"messageId"`    // jq
	Timestamp    string            `yaml:"timestamp"`    // jq: RFC 3339, or s or ms since 1970
	Payload      string            `yaml:"payload"`      // jq: the bytes, for when nobody decoded them
	Port         string            `yaml:"port"`         // jq: LoRaWAN fPort of the payload
	Measurements string            `yaml:"measurements"` // jq: an object
	Properties   map[string]string `yaml:"properties"`   // name: jq

	Answer   Answer   `yaml:"answer"`
	OnReject string   `yaml:"onReject"` // "accept" answers refusals 2xx, for senders that punish them
	Samples  []Sample `yaml:"samples"`
}

// Answer is what the sender wants to hear when all is well.
type Answer struct {
	Status      int    `yaml:"status"` // 200 when 0
	ContentType string `yaml:"contentType"`
	Body        string `yaml:"body"` // Mayfly's own JSON when empty
}

// Sample is a request with the messages that it must make.
type Sample struct {
	Name    string        `yaml:"name"`
	Request SampleRequest `yaml:"request"`
	// Messages that come out; none where the request is ignored.
	Messages []SampleMessage `yaml:"messages"`
}

// SampleRequest is a request as a sample writes it down.
type SampleRequest struct {
	Method  string            `yaml:"method"` // POST when empty
	Path    string            `yaml:"path"`
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
}

// SampleMessage is a message as a sample writes it down.
type SampleMessage struct {
	DeviceID   string            `yaml:"deviceId"`
	ModelID    string            `yaml:"modelId"`
	GatewayID  string            `yaml:"gatewayId"`
	Component  string            `yaml:"component"`
	MessageID  string            `yaml:"messageId"`
	Time       string            `yaml:"time"`
	Body       string            `yaml:"body"`
	Properties map[string]string `yaml:"properties"`
}

//go:embed sources/*.yaml
var sourceFiles embed.FS

// builtinNames lists the built-in sources without parsing any.
func builtinNames() []string {
	files, _ := fs.Glob(sourceFiles, "sources/*.yaml") // the pattern is well-formed
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return names
}

func builtin(v *validator.Validate, name string) (*Source, error) {
	text, err := sourceFiles.ReadFile("sources/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	d, err := ParseDefinition(text)
	if err != nil {
		return nil, err
	}
	if d.Name != name {
		return nil, fmt.Errorf("file %s.yaml holds a source named %q", name, d.Name)
	}
	return compile(v, d)
}

// ParseDefinition reads a source's YAML. Its errors name line and column.
func ParseDefinition(text []byte) (*Definition, error) {
	d := &Definition{}
	if err := yaml.UnmarshalWithOptions(text, d, yaml.Strict()); err != nil {
		return nil, err
	}
	return d, nil
}
