package codectest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mayfly/transform/codec"
)

// Downlink is what a device is to be told, and the bytes that a codec must make of it.
type Downlink struct {
	Name  string
	Input codec.Downlink
	// What comes out.
	Bytes    []byte
	Port     int // 0: the example does not say
	Warnings []string
	Errors   []string
	Err      error // why the example cannot be read
	silent   bool  // it does not say which bytes come out
	legacy   bool  // it gives a part of the error
}

// isDownlink tells whether an example is one of encoding. Older catalogues call those
// "downlink", and give data and bytes beside the description.
func (raw *rawExample) isDownlink() bool {
	switch {
	case raw.err != nil:
		return false // it counts as one of an uplink
	case raw.Type == "downlink-encode", raw.Type == "downlink" && raw.Input == nil:
		return true
	}
	return raw.Type == "" && raw.Input != nil && raw.Input.Data != nil && raw.Input.Bytes == nil
}

// parseDownlinks reads the examples of encoding among those of a file. Broken ones have
// their Err.
func parseDownlinks(list []rawExample, now time.Time, sure bool) []Downlink {
	var out []Downlink
	for i := range list {
		raw := &list[i]
		if !raw.isDownlink() && !sure {
			continue
		}
		example, err := raw.downlink(now)
		if err != nil {
			example.Err = fmt.Errorf("downlink example %d (%s): %w", i+1, example.Name, err)
		}
		out = append(out, example)
	}
	return out
}

func (raw *rawExample) downlink(now time.Time) (Downlink, error) {
	d := Downlink{Name: cmp.Or(raw.Description, raw.Name), Input: codec.Downlink{Clock: now}}
	if raw.err != nil {
		return d, raw.err
	}
	output, _ := cmp.Or[any](raw.Output, raw.Expected).(map[string]any)
	input := raw.Input
	if input == nil {
		input = &rawInput{Data: raw.Data}
		if output == nil {
			output = map[string]any{"bytes": raw.Bytes, "fPort": raw.FPort}
			if raw.Error != nil {
				output, d.legacy = map[string]any{"errors": raw.Error}, true
			}
		}
	}
	if input.Data == nil {
		return d, errors.New("it has no data")
	}
	var err error
	if d.Input.Data, err = json.Marshal(plainValue(input.Data)); err != nil {
		return d, fmt.Errorf("data: %w", err)
	}
	port, _ := exampleNumber(input.FPort)
	d.Input.Port = int(port)
	d.Input.Variables = map[string]string{}
	for name, value := range input.Variables {
		d.Input.Variables[name] = fmt.Sprint(value)
	}
	d.Warnings, d.Errors = exampleTexts(output["warnings"]), exampleTexts(output["errors"])
	if port, ok := exampleNumber(output["fPort"]); ok {
		d.Port = int(port)
	}
	if d.silent = output["bytes"] == nil; !d.silent {
		d.Bytes, err = exampleBytes(output["bytes"])
	}
	return d, err
}

// plainValue makes what JSON can write of a value of YAML.
func plainValue(value any) any {
	switch value := value.(type) {
	case map[any]any:
		object := make(map[string]any, len(value))
		for name, member := range value {
			object[fmt.Sprint(name)] = plainValue(member)
		}
		return object
	case map[string]any:
		for name, member := range value {
			value[name] = plainValue(member)
		}
	case []any:
		for i, item := range value {
			value[i] = plainValue(item)
		}
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil
		}
	}
	return value
}

// Check runs a codec on the example. It gives the differences, one line each; none is a
// pass. The port is compared where the example has one.
func (d *Downlink) Check(ctx context.Context, c codec.Encoder) []string {
	if d.Err != nil {
		return []string{d.Err.Error()}
	}
	if c == nil {
		return []string{"the payload formatter has none of the functions encodeDownlink, Encoder and Encode"}
	}
	out, err := c.Encode(ctx, d.Input)
	var failed *codec.Error
	for try := 1; try < maxTries && errors.As(err, &failed) && failed.Kind == codec.Timeout; try++ {
		out, err = c.Encode(ctx, d.Input)
	}
	if errors.As(err, &failed) && failed.Kind == codec.Threw && slices.ContainsFunc(d.Errors, func(text string) bool {
		return text != "" && strings.Contains(failed.Text, text)
	}) {
		return nil
	}
	if err != nil {
		return []string{"the codec failed: " + err.Error()}
	}
	var found differences
	if !d.legacy || !holdsTexts(out.Errors, d.Errors) {
		found.texts("errors", d.Errors, out.Errors)
	}
	found.texts("warnings", d.Warnings, out.Warnings)
	if len(d.Errors) > 0 {
		return found
	}
	if !d.silent && !bytes.Equal(d.Bytes, out.Bytes) {
		found.add("bytes", "want %s, got %s", hex.EncodeToString(d.Bytes), hex.EncodeToString(out.Bytes))
	}
	if d.Port != 0 && out.Port != d.Port {
		found.add("fPort", "want %d, got %d", d.Port, out.Port)
	}
	return found
}
