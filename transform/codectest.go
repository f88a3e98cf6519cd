package transform

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// CodecExamples are examples of what a payload formatter makes, as they stand
// beside it.
type CodecExamples struct {
	Script   string // name of the script's file; empty where the file does not say
	Examples []CodecExample
}

// CodecExample is an uplink and what a codec must make of it.
type CodecExample struct {
	Name  string
	Input Uplink
	// What comes out: JSON values. Nil where the example does not say.
	Data       any
	Normalized any
	Warnings   []string
	Errors     []string
	// NormalizedWarnings and NormalizedErrors are of the normalisation.
	NormalizedWarnings, NormalizedErrors []string
	normalize                            bool
}

// rawExample is an example in its file. The flat form, with bytes and data
// beside the description, is that of older driver catalogues.
type rawExample struct {
	Description string    `yaml:"description" json:"description"`
	Name        string    `yaml:"name" json:"name"`
	Type        string    `yaml:"type" json:"type"`
	Input       *rawInput `yaml:"input" json:"input"`
	Output      *rawOut   `yaml:"output" json:"output"`
	Expected    *rawOut   `yaml:"expected" json:"expected"`
	Normalized  *rawOut   `yaml:"normalizedOutput" json:"normalizedOutput"`

	Bytes any `yaml:"bytes" json:"bytes"`
	FPort any `yaml:"fPort" json:"fPort"`
	Time  any `yaml:"time" json:"time"`
	Data  any `yaml:"data" json:"data"`
}

type rawInput struct {
	Bytes     any            `yaml:"bytes" json:"bytes"`
	FPort     any            `yaml:"fPort" json:"fPort"`
	RecvTime  any            `yaml:"recvTime" json:"recvTime"`
	Variables map[string]any `yaml:"variables" json:"variables"`
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

// ErrNoExamples is for a file that holds no examples of uplinks.
var ErrNoExamples = errors.New("no examples of uplinks")

// ParseCodecExamples reads the examples in the YAML of the LoRaWAN device
// repository (uplinkDecoder with fileName and examples), or in JSON: a list of
// such examples. now is the time of receipt for those that have none.
func ParseCodecExamples(text []byte, now time.Time) (CodecExamples, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var decoder rawDecoder
	switch start := bytes.TrimLeft(text, " \t\r\n"); {
	case len(start) > 0 && start[0] == '[':
		if err := json.Unmarshal(plainJSON(text), &decoder.Examples); err != nil {
			return CodecExamples{}, err
		}
	case len(start) > 0 && start[0] == '{':
		if err := json.Unmarshal(plainJSON(text), &decoder); err != nil {
			return CodecExamples{}, err
		}
	default:
		var file struct {
			UplinkDecoder rawDecoder `yaml:"uplinkDecoder"`
		}
		if !bytes.Contains(text, []byte("uplinkDecoder")) {
			return CodecExamples{}, ErrNoExamples
		}
		if err := yaml.UnmarshalWithOptions(text, &file, yaml.AllowDuplicateMapKey()); err != nil {
			return CodecExamples{}, err
		}
		decoder = file.UplinkDecoder
	}
	out := CodecExamples{Script: decoder.FileName}
	for i := range decoder.Examples {
		raw := &decoder.Examples[i]
		if raw.Type != "" && !strings.HasPrefix(raw.Type, "uplink") || raw.Input == nil && raw.Bytes == nil || raw.Input != nil && raw.Input.Bytes == nil {
			continue // of a downlink
		}
		example, err := raw.example(now)
		if err != nil {
			return out, fmt.Errorf("example %d (%s): %w", i+1, or(raw.Description, raw.Name), err)
		}
		out.Examples = append(out.Examples, example)
	}
	if len(out.Examples) == 0 {
		return out, ErrNoExamples
	}
	return out, nil
}

func (raw *rawExample) example(now time.Time) (CodecExample, error) {
	if raw.Input == nil {
		raw.Input = &rawInput{Bytes: raw.Bytes, FPort: raw.FPort, RecvTime: raw.Time}
		if raw.Output == nil {
			raw.Output = &rawOut{Data: raw.Data}
		}
	}
	e := CodecExample{Name: or(raw.Description, raw.Name), Input: Uplink{Time: now, Variables: map[string]string{}}}
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
		if e.Input.Time, err = parseTime(fmt.Sprint(at)); err != nil {
			return e, fmt.Errorf("recvTime %v: %w", at, err)
		}
	}
	for name, value := range raw.Input.Variables {
		e.Input.Variables[name] = fmt.Sprint(value)
	}
	output := raw.Output
	if output == nil {
		output = raw.Expected
	}
	if output != nil {
		e.Data, e.Warnings, e.Errors = output.Data, exampleTexts(output.Warnings), exampleTexts(output.Errors)
	}
	if n := raw.Normalized; n != nil {
		e.normalize, e.Input.Normalize = true, true
		e.Normalized, e.NormalizedWarnings, e.NormalizedErrors = n.Data, exampleTexts(n.Warnings), exampleTexts(n.Errors)
	}
	return e, nil
}

// plainJSON makes JSON of what people write: without comments, without a comma
// after the last element, and with hexadecimal numbers in decimal.
func plainJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		found := jsonExtras().FindIndex(text[i:])
		if found == nil {
			return append(out, text[i:]...)
		}
		out = append(out, text[i:i+found[0]]...)
		token := text[i+found[0] : i+found[1]]
		i += found[1]
		switch {
		case token[0] == '"':
			out = append(out, token...)
		case token[0] == '0':
			n, _ := strconv.ParseUint(string(token[2:]), 16, 64) // 0 for what is too long
			out = strconv.AppendUint(out, n, 10)
		case token[0] == ',':
			out = append(out, token[1:]...)
		}
	}
	return out
}

var jsonExtras = lazy(`"(?:[^"\\]|\\.)*"|//[^\n]*|(?s:/\*.*?\*/)|0[xX][0-9a-fA-F]+|,\s*[\]}]`)

// exampleBytes reads a list of numbers, or hex digits with whatever between.
func exampleBytes(value any) ([]byte, error) {
	switch value := value.(type) {
	case []any:
		list := make([]byte, len(value))
		for i, item := range value {
			n, ok := exampleNumber(item)
			if !ok || n != math.Trunc(n) || n < -128 || n > 255 {
				return nil, fmt.Errorf("bytes: %v is no byte", item)
			}
			list[i] = byte(int(n))
		}
		return list, nil
	case string:
		digits := strings.NewReplacer("0x", "", "0X", "", " ", "", "-", "", ":", "", ",", "", "\n", "", "\t", "").Replace(value)
		list, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("bytes: %w", err)
		}
		return list, nil
	case uint64, int64: // hex digits that YAML took for a number
		digits := fmt.Sprint(value)
		if len(digits)%2 == 1 {
			digits = "0" + digits
		}
		return hex.DecodeString(digits)
	}
	return nil, fmt.Errorf("bytes: want a list of numbers or hex digits, not %v", value)
}

func exampleNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case uint64:
		return float64(value), true
	case int64:
		return float64(value), true
	case int:
		return float64(value), true
	case float64:
		return value, true
	case *big.Int:
		n, _ := new(big.Float).SetInt(value).Float64()
		return n, true
	case json.Number:
		n, err := value.Float64()
		return n, err == nil
	case string:
		text := strings.ToLower(strings.TrimSpace(value))
		if digits, ok := strings.CutPrefix(text, "0x"); ok {
			n, err := strconv.ParseUint(digits, 16, 16)
			return float64(n), err == nil
		}
		n, err := strconv.ParseUint(text, 10, 16)
		return float64(n), err == nil
	}
	return 0, false
}

func exampleTexts(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		texts := make([]string, len(value))
		for i, item := range value {
			texts[i] = fmt.Sprint(item)
		}
		return texts
	}
	return []string{fmt.Sprint(value)}
}

// Check runs a codec on the example. It gives the differences, one line each;
// none is a pass.
//
// Numbers may differ by 1e-9 of their size, null is the same as absent, and no
// data the same as empty data.
func (e *CodecExample) Check(ctx context.Context, codec Codec) []string {
	out, err := codec.Decode(ctx, e.Input)
	if failed := (*CodecError)(nil); errors.As(err, &failed) && failed.Kind == CodecTimeout {
		out, err = codec.Decode(ctx, e.Input) // the machine may have been busy
	}
	if err != nil {
		return []string{"the codec failed: " + err.Error()}
	}
	var d differences
	d.texts("errors", e.Errors, out.Errors)
	d.texts("warnings", e.Warnings, out.Warnings)
	if e.Data != nil || len(e.Errors) == 0 {
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

// emptied takes no data for empty data.
func emptied(data any) any {
	if object, ok := data.(map[string]any); data == nil || ok && object == nil {
		return map[string]any{}
	}
	return data
}

type differences []string

// mostDifferences bounds what one example says.
const mostDifferences = 20

func (d *differences) add(path, format string, args ...any) {
	if len(*d) < mostDifferences {
		*d = append(*d, path+": "+fmt.Sprintf(format, args...))
	}
}

func (d *differences) texts(path string, want, got []string) {
	if !slices.Equal(want, got) {
		d.add(path, "want %s, got %s", show(want), show(got))
	}
}

// closeEnough is the relative difference that the last digits of a float may
// have between JavaScript engines.
const closeEnough = 1e-9

func (d *differences) compare(path string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			d.add(path, "want %s, got %s", show(want), show(got))
			return
		}
		d.members(path, want, object)
		return
	case []any:
		list, ok := got.([]any)
		if !ok && got != nil || len(list) != len(want) {
			d.add(path, "want %s, got %s", show(want), show(got))
			return
		}
		for i := range want {
			d.compare(path+"["+strconv.Itoa(i)+"]", want[i], list[i])
		}
		return
	case string:
		text, ok := got.(string)
		if !ok || text != want && !sameTime(text, want) {
			d.add(path, "want %s, got %s", show(want), show(got))
		}
		return
	case time.Time:
		if text, ok := got.(string); !ok || !sameTime(text, want.Format(time.RFC3339Nano)) {
			d.add(path, "want %s, got %s", show(want), show(got))
		}
		return
	case bool:
		if want != got {
			d.add(path, "want %t, got %s", want, show(got))
		}
		return
	case nil:
		if got != nil {
			d.add(path, "want nothing, got %s", show(got))
		}
		return
	}
	a, ok := exampleNumber(want)
	if math.IsNaN(a) || math.IsInf(a, 0) {
		if got != nil {
			d.add(path, "want nothing (%v cannot be sent), got %s", a, show(got))
		}
		return
	}
	b, same := exampleNumber(got)
	if _, isText := got.(string); !ok || !same || isText || math.Abs(a-b) > closeEnough*max(math.Abs(a), math.Abs(b)) {
		d.add(path, "want %s, got %s", show(want), show(got))
	}
}

func (d *differences) members(path string, want, got map[string]any) {
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		d.compare(path+"."+name, want[name], got[name])
	}
}

// sameTime tells whether two texts are the same point in time, as when a YAML
// timestamp stands for a JavaScript Date.
func sameTime(a, b string) bool {
	x, err := time.Parse(time.RFC3339, a)
	if err != nil {
		return false
	}
	y, err := time.Parse(time.RFC3339, b)
	return err == nil && x.Equal(y)
}

// show writes a value for a person, shortened.
func show(value any) string {
	const most = 200
	if value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	if len(text) > most {
		text = append(text[:most:most], "..."...)
	}
	return string(text)
}
