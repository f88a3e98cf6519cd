package transform

import (
	"fmt"
	"io/fs"
	"time"

	"github.com/goccy/go-yaml"

	"mayfly/internal/settings"
	"mayfly/transform/answer"
	"mayfly/transform/downlink"
	"mayfly/transform/mapping"
	"mayfly/transform/media"
	"mayfly/transform/sample"
	"mayfly/transform/signing"
	"mayfly/transform/sources"
)

// Definition is a source as it stands in its YAML file. What is an Expr is jq
// over the body; $request holds method, path, query (first values), headers
// (lower-case names, first values) and units, and each name under let is a
// variable.
type Definition struct {
	Name  string `yaml:"name"`  // its route is /api/NAME
	From  string `yaml:"from"`  // a built-in source that this one changes
	Title string `yaml:"title"` // what the sender is called
	Docs  string `yaml:"docs"`  // link to the sender's own documentation
	Setup string `yaml:"setup"` // how to set the sender up, for its user
	Group string `yaml:"group"` // lorawan, cellular, sensors, weather, trackers, collectors or standards
	// Evidence tells what the mapping is made from, for its user: which shapes were seen
	// in the sender's code, and which are from hearsay and read leniently.
	Evidence string        `yaml:"evidence"`
	Methods  []string      `yaml:"methods"`  // POST when empty
	Patience time.Duration `yaml:"patience"` // how long the sender waits for the answer; 5s

	// Hints are texts of which a request of this source holds at least one, in its
	// body or as the name of a query parameter or header. A request without any is
	// not worth asking detect about.
	Hints  []string     `yaml:"hints"`
	Detect mapping.Expr `yaml:"detect"` // is this body one of this source's?
	Each   mapping.Expr `yaml:"each"`   // the parts of a body that holds several messages; . otherwise

	// Envelope is true for a part that this source's sender wrote, telemetry or not.
	// What it does not hold for is refused. A source that ignores anything must have
	// it: a body of somebody else would be ignored otherwise. It is wider than
	// Detect, which has to tell senders apart.
	Envelope mapping.Expr `yaml:"envelope"`
	Expects  string       `yaml:"expects"`  // what such a part has, for the error that refuses another
	SendJSON string       `yaml:"sendJSON"` // where to make the sender write JSON, when it wrote bytes
	// Ignore is true for what is not telemetry (joins, acks, ...), or a text that says
	// what it is.
	Ignore mapping.Expr `yaml:"ignore"`

	Let       map[string]mapping.Expr `yaml:"let"`       // values that several expressions need, over a part
	DeviceID  mapping.Expr            `yaml:"deviceId"`  // 1 to 128 letters, digits and -._:
	SecretID  mapping.Expr            `yaml:"secretId"`  // true where that id is what the sender proves itself by
	ModelID   mapping.Expr            `yaml:"modelId"`   // DTMI of the device template
	GatewayID mapping.Expr            `yaml:"gatewayId"` // device id of the gateway that the device is behind
	Fleet     mapping.Expr            `yaml:"fleet"`     // of the device, where there are several
	Component mapping.Expr            `yaml:"component"` // of the model
	MessageID mapping.Expr            `yaml:"messageId"` // the same for a message and its repetitions
	Timestamp mapping.Expr            `yaml:"timestamp"` // a time; of several, the first that can be right
	// TimestampRequired refuses messages without a time. A source that changes another one
	// may write timestamp: required.
	TimestampRequired bool `yaml:"timestampRequired"`

	Zone         string                  `yaml:"zone"`         // of times without one: UTC, refuse, +01:00, Europe/Berlin
	Payload      mapping.Expr            `yaml:"payload"`      // the bytes, for uplinks that are not decoded yet
	Port         mapping.Expr            `yaml:"port"`         // LoRaWAN fPort of the payload
	Measurements mapping.Expr            `yaml:"measurements"` // an object
	Also         mapping.Expr            `yaml:"also"`         // an object: its members join the measurements
	Properties   map[string]mapping.Expr `yaml:"properties"`   // application properties of the message
	Units        Units                   `yaml:"units"`        // of weather stations

	Format media.Format `yaml:"format"` // of the bodies, where their media type tells nothing
	CSV    media.CSV    `yaml:"csv"`    // what rows of CSV bodies are

	// Codec decodes the payload where the sender did not; Codecs has one for a
	// port or a device profile, which Profile names.
	Codec   string            `yaml:"codec"`
	Codecs  map[string]string `yaml:"codecs"`  // codecs by port or profile
	Profile mapping.Expr      `yaml:"profile"` // of the device, as codecs names it

	// SecretQuery are query parameters in which the sender shows credentials. The first is
	// the caller's key, where there is no header; no expression sees any of them.
	SecretQuery []string `yaml:"secretQuery"`

	Signature *signing.Spec `yaml:"signature"` // how its sender proves that requests are its own

	Downlink downlink.Settings `yaml:"downlink"` // how messages for the devices get to them

	Answer   answer.Answer  `yaml:"answer"`   // what the sender is answered, by what became of the request
	Probes   []answer.Probe `yaml:"probes"`   // requests of the sender that hold no messages
	Resends  string         `yaml:"resends"`  // what the sender does when it is not answered 2xx, for its user
	OnReject string         `yaml:"onReject"` // "accept" answers refusals 2xx, for senders that punish them
	Samples  []Sample       `yaml:"samples"`  // what mayfly check proves the source with

	File string `yaml:"-"` // where it stands; empty for a built-in one
	Path string `yaml:"-"` // of the definition in that file, as in sources[0]
	// Place gives line and column of a path in that file; may be nil.
	Place func(path string) (line, column int) `yaml:"-" json:"-"`
	Files fs.FS                                `yaml:"-" json:"-"` // what it names is read from there
}

// What samples are written as.
type (
	// Sample is a request with the messages that it must make.
	Sample = sample.Sample
	// SampleRequest is a request as a sample writes it down.
	SampleRequest = sample.Request
	// SampleMessage is a message as a sample writes it down.
	SampleMessage = sample.Message
)

func (t *Transformer) builtin(name string) (*Source, error) {
	text, _ := sources.Text(name) // names come from there
	d, err := ParseDefinition(text)
	if err != nil {
		return nil, err
	}
	if d.Name != name {
		return nil, fmt.Errorf("file %s.yaml holds a source named %q", name, d.Name)
	}
	d.Signature = nil // it counts where somebody configures its secrets
	return t.compile(d)
}

// ParseDefinition reads a source's YAML. Its errors name line and column.
func ParseDefinition(text []byte) (*Definition, error) {
	d := &Definition{}
	if err := settings.Read(text, d, yaml.Strict()); err != nil {
		return nil, err
	}
	return d, nil
}

// Units says which units of measurement a sender uses, and whether they are
// turned into SI.
type Units string

// The ways of units.
const (
	// UnitsImperial: the sender's are imperial; the query parameter units=si turns
	// a request's readings into SI.
	UnitsImperial Units = "imperial"
	// UnitsSI: the sender's are imperial, and turned into SI always.
	UnitsSI Units = "si"
)
