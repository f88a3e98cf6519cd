package codectest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"mayfly/transform/codec"
	"mayfly/transform/message"
)

// Examples are examples of what a payload formatter makes, as they are
// written next to it.
type Examples struct {
	Script   string // name of the script's file; empty where the file does not say
	Examples []Example

	Downlinks []Downlink // of encoding
	Encoder   string     // name of their script's file; empty: Script
}

// Example is an uplink and what a codec must make of it.
type Example struct {
	Name  string
	Input codec.Uplink
	// What comes out: JSON values. Nil where the example does not say.
	Data       any
	Normalized any
	Warnings   []string
	Errors     []string
	Err        error  // why the example cannot be read
	silent     bool   // it does not say what comes out
	legacy     bool   // it gives a part of the error, as Jest's toThrow wants it
	timeText   string // the time of receipt as it stands there
	// NormalizedWarnings and NormalizedErrors are of the normalisation.
	NormalizedWarnings, NormalizedErrors []string
	normalize                            bool
}

// rawExample is an example in its file. The flat form, with bytes and data
// next to the description, is that of older driver catalogues.
type rawExample struct {
	Description string    `yaml:"description" json:"description"`
	Name        string    `yaml:"name" json:"name"`
	Type        string    `yaml:"type" json:"type"`
	Input       *rawInput `yaml:"input" json:"input"`
	Output      any       `yaml:"output" json:"output"`
	Expected    any       `yaml:"expected" json:"expected"`
	Normalized  *rawOut   `yaml:"normalizedOutput" json:"normalizedOutput"`

	Bytes any `yaml:"bytes" json:"bytes"`
	FPort any `yaml:"fPort" json:"fPort"`
	Time  any `yaml:"time" json:"time"`
	Data  any `yaml:"data" json:"data"`
	Error any `yaml:"error" json:"error"` // that is thrown

	err error // why it cannot be read
}

// plainExample is an example without the methods that read one.
type plainExample rawExample

// UnmarshalJSON keeps what is wrong with one example from hiding the others.
func (raw *rawExample) UnmarshalJSON(text []byte) error {
	var plain plainExample
	if err := json.Unmarshal(text, &plain); err != nil {
		plain.err = err
	}
	*raw = rawExample(plain)
	return nil
}

// UnmarshalYAML does the same.
func (raw *rawExample) UnmarshalYAML(node ast.Node) error {
	var plain plainExample
	if err := yaml.NodeToValue(node, &plain, yaml.AllowDuplicateMapKey()); err != nil {
		plain.err = err
	}
	*raw = rawExample(plain)
	return nil
}

type rawInput struct {
	Bytes     any            `yaml:"bytes" json:"bytes"`
	FPort     any            `yaml:"fPort" json:"fPort"`
	RecvTime  any            `yaml:"recvTime" json:"recvTime"`
	Time      any            `yaml:"time" json:"time"` // of older drivers of ThingPark
	Context   []any          `yaml:"context" json:"context"`
	Variables map[string]any `yaml:"variables" json:"variables"`
	Data      any            `yaml:"data" json:"data"` // of a downlink
}

type rawOut struct {
	Data     any `yaml:"data" json:"data"`
	Warnings any `yaml:"warnings" json:"warnings"`
	Errors   any `yaml:"errors" json:"errors"`
}

type rawDecoder struct {
	FileName string       `yaml:"fileName" json:"fileName"`
	Examples []rawExample `yaml:"examples" json:"examples"`
}

// ErrNoExamples is for a file that holds no examples of uplinks or of encoding downlinks.
var ErrNoExamples = errors.New("no examples of uplinks or downlinks")

// Parse reads the examples in the YAML of the LoRaWAN device
// repository (uplinkDecoder and downlinkEncoder with fileName and examples), or in JSON:
// a list of such examples. now is the time of receipt for those that have none.
func Parse(text []byte, now time.Time) (Examples, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var decoder, encoder rawDecoder
	start := bytes.TrimLeft(text, " \t\r\n")
	if len(start) > 0 && bytes.IndexByte([]byte("[{/"), start[0]) >= 0 { // a slash starts a comment
		text = bytes.TrimLeft(plainJSON(text), " \t\r\n")
		start = text
	}
	switch {
	case len(start) > 0 && start[0] == '[':
		if err := json.Unmarshal(text, &decoder.Examples); err != nil {
			return Examples{}, err
		}
	case len(start) > 0 && start[0] == '{':
		if err := json.Unmarshal(text, &decoder); err != nil {
			return Examples{}, err
		}
	default:
		var file struct {
			UplinkDecoder   rawDecoder `yaml:"uplinkDecoder"`
			DownlinkEncoder rawDecoder `yaml:"downlinkEncoder"`
		}
		if !bytes.Contains(text, []byte("uplinkDecoder")) && !bytes.Contains(text, []byte("downlinkEncoder")) {
			return Examples{}, ErrNoExamples
		}
		if err := plainYAML(text, &file); err != nil {
			return Examples{}, err
		}
		decoder, encoder = file.UplinkDecoder, file.DownlinkEncoder
	}
	out := Examples{Script: decoder.FileName, Encoder: encoder.FileName}
	out.Downlinks = append(parseDownlinks(decoder.Examples, now, false), parseDownlinks(encoder.Examples, now, true)...)
	var broken []error
	for i := range decoder.Examples {
		raw := &decoder.Examples[i]
		if !raw.isUplink() {
			continue
		}
		example, err := raw.example(now)
		if err != nil { // the others are looked at, too
			example.Err = fmt.Errorf("example %d (%s): %w", i+1, cmp.Or(raw.Description, raw.Name), err)
			broken = append(broken, example.Err)
		}
		out.Examples = append(out.Examples, example)
	}
	switch {
	case len(out.Examples) == 0 && len(out.Downlinks) == 0:
		return out, ErrNoExamples
	case len(out.Downlinks) == 0 && len(broken) == len(out.Examples):
		return Examples{Script: out.Script}, broken[0]
	}
	return out, nil
}

// isUplink tells an uplink from a downlink. One that cannot be read counts as one.
func (raw *rawExample) isUplink() bool {
	if raw.err != nil {
		return true
	}
	if raw.Type != "" && !strings.HasPrefix(raw.Type, "uplink") {
		return false
	}
	if raw.Input != nil {
		return raw.Input.Bytes != nil
	}
	return raw.Bytes != nil
}

func (raw *rawExample) example(now time.Time) (Example, error) {
	e := Example{Name: cmp.Or(raw.Description, raw.Name), Input: codec.Uplink{Clock: now, Variables: map[string]string{}}}
	if raw.err != nil {
		return e, raw.err
	}
	output := outOf(raw.Output)
	if output == nil {
		output = outOf(raw.Expected)
	}
	if raw.Input == nil {
		raw.Input = &rawInput{Bytes: raw.Bytes, FPort: raw.FPort, RecvTime: raw.Time}
		if output == nil {
			output = &rawOut{Data: raw.Data, Errors: raw.Error}
			e.legacy = raw.Error != nil
		}
	}
	if raw.Input.RecvTime == nil {
		raw.Input.RecvTime = raw.Input.Time
	}
	e.Input.Context = raw.Input.Context
	var err error
	if e.Input.Bytes, err = exampleBytes(raw.Input.Bytes); err != nil {
		return e, err
	}
	port, _ := exampleNumber(raw.Input.FPort)
	e.Input.Port = int(port)
	switch at := raw.Input.RecvTime.(type) {
	case nil:
	case time.Time:
		e.Input.Time = at
	default:
		e.timeText = fmt.Sprint(at)
		if e.Input.Time, err = message.ParseTime(e.timeText, message.Zone{}); err != nil {
			return e, fmt.Errorf("recvTime %v: %w", at, err)
		}
	}
	if !e.Input.Time.IsZero() {
		e.Input.Clock = e.Input.Time
	}
	for name, value := range raw.Input.Variables {
		e.Input.Variables[name] = fmt.Sprint(value)
	}
	if e.silent = output == nil; !e.silent {
		e.Data, e.Warnings, e.Errors = output.Data, exampleTexts(output.Warnings), exampleTexts(output.Errors)
	}
	if n := raw.Normalized; n != nil {
		e.normalize, e.Input.Normalize = true, true
		e.Normalized, e.NormalizedWarnings, e.NormalizedErrors = n.Data, exampleTexts(n.Warnings), exampleTexts(n.Errors)
	}
	return e, nil
}

// outOf reads what comes out: {data, warnings, errors}, or the data themselves, as
// drivers of ThingPark give them. Nil is nothing.
func outOf(output any) *rawOut {
	object, ok := output.(map[string]any)
	if !ok {
		if output == nil {
			return nil
		}
		return &rawOut{Data: output}
	}
	data, hasData := object["data"]
	_, hasErrors := object["errors"]
	_, hasWarnings := object["warnings"]
	if hasData || hasErrors || hasWarnings || len(object) == 0 {
		return &rawOut{Data: data, Warnings: object["warnings"], Errors: object["errors"]}
	}
	return &rawOut{Data: object}
}

// Check runs a codec on the example. It gives the differences, one line each;
// none is a pass.
//
// Numbers may differ by 1e-9 of their size, null is the same as absent, and no
// data the same as empty data. How a codec was told the time of receipt when the
// example was made differs: as a Date in a network server, as the text that
// stands in the example where the device repository validates it, and where the
// example has none, as none or as the time then, near the latest that comes out.
// Any of these may be meant.
func (e *Example) Check(ctx context.Context, c codec.Codec) []string {
	if e.Err != nil {
		return []string{e.Err.Error()}
	}
	differences := e.check(ctx, c, e.Input)
	if len(differences) == 0 {
		return nil
	}
	in := e.Input
	in.TimeText = e.timeText
	if in.Time.IsZero() {
		in.Time = in.Clock
	}
	if len(e.check(ctx, c, in)) == 0 {
		return nil
	}
	if at := latest(e.Data); e.Input.Time.IsZero() && !at.IsZero() {
		in.Clock = at.Add(time.Minute)
		in.Time = in.Clock
		if len(e.check(ctx, c, in)) == 0 {
			return nil
		}
	}
	return differences
}

// latest gives the latest time in an example's data, before which the message
// was not received. Devices that send a part of their clock need to know when a
// message came to tell their time.
func latest(data any) time.Time {
	var last time.Time
	keep := func(at time.Time) {
		if at.After(last) {
			last = at
		}
	}
	switch data := data.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, data); err == nil {
			keep(at)
		}
	case map[string]any:
		for _, member := range data {
			keep(latest(member))
		}
	case []any:
		for _, item := range data {
			keep(latest(item))
		}
	}
	return last
}

// maxTries is how often a codec may be too slow, or use too much memory: other
// examples run at the same time, in the same process.
const maxTries = 3

func (e *Example) check(ctx context.Context, c codec.Codec, in codec.Uplink) []string {
	out, err := c.Decode(ctx, in)
	var failed *codec.Error
	for try := 1; try < maxTries && errors.As(err, &failed); try++ {
		if failed.Kind != codec.Timeout && failed.Kind != codec.Memory {
			break
		}
		out, err = c.Decode(ctx, in)
	}
	if errors.As(err, &failed) && e.expects(failed) {
		return nil
	}
	if err != nil && (failed == nil || failed.Kind != codec.Result || out.List == nil) {
		return []string{"the codec failed: " + err.Error()}
	}
	var d differences
	if !e.legacy || !holdsTexts(out.Errors, e.Errors) {
		d.texts("errors", e.Errors, out.Errors)
	}
	d.texts("warnings", e.Warnings, out.Warnings)
	switch {
	case e.silent, e.Data == nil && len(e.Errors) > 0:
	case out.List != nil && (out.Data == nil || isList(e.Data)):
		d.compare("data", e.Data, out.List)
	default:
		d.compare("data", emptied(e.Data), emptied(out.Data))
	}
	if e.normalize {
		d.texts("normalizedOutput.errors", e.NormalizedErrors, out.NormalizeErrors)
		d.texts("normalizedOutput.warnings", e.NormalizedWarnings, out.NormalizeWarnings)
		want, ok := e.Normalized.([]any)
		if !ok && e.Normalized != nil {
			want = []any{e.Normalized}
		}
		d.compare("normalizedOutput.data", want, out.Normalized)
	}
	return d
}

// holdsTexts tells whether each text is a part of one that came out.
func holdsTexts(got, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool {
		return !slices.ContainsFunc(got, func(text string) bool { return strings.Contains(text, part) })
	})
}

func isList(value any) bool {
	_, ok := value.([]any)
	return ok
}

// expects tells whether the codec threw what the example gives as its error.
func (e *Example) expects(failed *codec.Error) bool {
	return failed.Kind == codec.Threw && e.Data == nil && slices.ContainsFunc(e.Errors, func(text string) bool {
		return text != "" && strings.Contains(failed.Text, text)
	})
}
