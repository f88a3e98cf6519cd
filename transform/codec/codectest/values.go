package codectest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mayfly/internal/settings"
	"mayfly/transform/message"
)

// plainYAML reads YAML as its version 1.2 has it, in which the device repository
// is validated: a number that starts with 0 is decimal, where the parser reads it
// as octal.
func plainYAML(text []byte, to any) error {
	return settings.Guard(func() error {
		file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
		if err != nil {
			return err
		}
		for _, doc := range file.Docs {
			if doc.Body == nil {
				continue
			}
			ast.Walk(decimals{}, doc.Body)
			if err := yaml.NodeToValue(doc.Body, to, yaml.AllowDuplicateMapKey()); err != nil {
				return err
			}
		}
		return nil
	})
}

type decimals struct{}

// Visit implements [ast.Visitor].
func (v decimals) Visit(node ast.Node) ast.Visitor {
	if number, ok := node.(*ast.IntegerNode); ok {
		if n, err := strconv.ParseUint(number.Token.Value, 10, 64); err == nil {
			number.Value = n
		} else if n, err := strconv.ParseInt(number.Token.Value, 10, 64); err == nil {
			number.Value = n
		}
	}
	return v
}

// plainJSON makes JSON of what people write, JSON5 and JavaScript: without
// comments and commas after the last element, with quotes round names and double
// ones round texts, and with numbers in decimal.
func plainJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		found := jsonToken.FindIndex(text[i:])
		if found == nil {
			return append(out, text[i:]...)
		}
		out = append(out, text[i:i+found[0]]...)
		token := text[i+found[0] : i+found[1]]
		i += found[1]
		switch c := token[0]; {
		case c == '"':
			out = append(out, token...)
		case c == '\'':
			out = append(out, doubleQuoted(token[1:len(token)-1])...)
		case c == '/': // a comment
		case c == ',': // after the last element
			out = append(out, token[len(token)-1])
		case c == '+' || c == '-' || c == '.' || '0' <= c && c <= '9':
			out = append(out, plainNumber(string(token))...)
		default:
			out = append(out, plainName(string(token))...)
		}
	}
	return out
}

var jsonToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|//[^\n]*|(?s:/\*.*?\*/)` +
	`|,(?:\s|//[^\n]*|(?s:/\*.*?\*/))*[\]}]` +
	`|[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|[\pL_$][\pL\w$]*`)

func plainName(name string) string {
	switch name {
	case "true", "false", "null":
		return name
	case "undefined", "NaN", "Infinity":
		return "null"
	}
	return strconv.Quote(name)
}

func plainNumber(token string) string {
	sign := ""
	if digits, ok := strings.CutPrefix(token, "-"); ok {
		sign, token = "-", digits
	}
	token = strings.TrimPrefix(token, "+")
	if len(token) > 1 && (token[1] == 'x' || token[1] == 'X') {
		n, _ := strconv.ParseUint(token[2:], 16, 64) // 0 for what is too long
		return sign + strconv.FormatUint(n, 10)
	}
	whole := strings.TrimLeft(token, "0")
	if whole == "" || whole[0] < '1' || '9' < whole[0] {
		whole = "0" + whole
	}
	mantissa, exponent, ok := strings.Cut(strings.ToLower(whole), "e")
	mantissa = strings.TrimSuffix(mantissa, ".")
	if ok {
		mantissa += "e" + exponent
	}
	return sign + mantissa
}

// doubleQuoted gives a text that stood in single quotes as JSON.
func doubleQuoted(inside []byte) []byte {
	out := []byte{'"'}
	for i := 0; i < len(inside); i++ {
		switch c := inside[i]; {
		case c == '"':
			out = append(out, '\\', '"')
		case c == '\\' && i+1 < len(inside) && inside[i+1] == '\'':
			// JSON does not know this one.
		case c == '\\' && i+1 < len(inside):
			out = append(out, c, inside[i+1])
			i++
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// exampleBytes reads a list of numbers, or hex digits with whatever between.
func exampleBytes(value any) ([]byte, error) {
	switch value := value.(type) {
	case []any:
		list := make([]byte, len(value))
		for i, item := range value {
			n, ok := exampleNumber(item)
			if !ok || n != math.Trunc(n) || n < -128 || n > 255 {
				return nil, fmt.Errorf("bytes: %v is not a byte", item)
			}
			list[i] = byte(int(n))
		}
		return list, nil
	case string:
		parts := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\r\n-:,;[]", r) })
		for i, part := range parts {
			part = strings.TrimPrefix(strings.ToLower(part), "0x")
			if len(part) == 1 && len(parts) > 1 {
				part = "0" + part
			}
			parts[i] = strings.ReplaceAll(part, "0x", "")
		}
		list, err := hex.DecodeString(strings.Join(parts, ""))
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

// exampleTexts reads warnings or errors as a script's are read: an empty text
// does not count.
func exampleTexts(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var texts []string
	for _, item := range list {
		switch item := item.(type) {
		case nil:
		case string:
			texts = append(texts, message.Shorten(item))
		default:
			text, err := json.Marshal(item)
			if err != nil {
				text = fmt.Append(nil, item)
			}
			texts = append(texts, message.Shorten(string(text)))
		}
	}
	return texts
}
