package settings

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"mayfly/internal/yamlnode"
)

// Fault is one member that cannot be read.
type Fault struct {
	Path         string // as in callers[1].rate; empty where the text is not YAML
	Line, Column int    // from 1; 0 where the place is not known
	Problem      string // and what would be right
	Wanted       string // the path that was probably meant, of a member that is not known
}

// ReadAll decodes a YAML text of at most one document as [Read] does with
// [yaml.Strict], but names every member that cannot be read. What can be read is
// set all the same.
func ReadAll(text []byte, into any) []Fault {
	err := Read(text, into, yaml.Strict())
	if err == nil {
		return nil
	}
	r := reader{Places: NewPlaces(text)} // slower, and it reads what the package cannot
	if r.root != nil {
		target := reflect.ValueOf(into).Elem()
		target.SetZero()
		_ = Guard(func() error { r.read(r.root, "", target); return nil })
	}
	if len(r.faults) > 0 || r.texts > 0 {
		return r.faults
	}
	return []Fault{faultOf(err, r.root)}
}

// faultOf gives an error of the YAML package its place.
func faultOf(err error, node ast.Node) Fault {
	f := Fault{Problem: err.Error()}
	if placed, ok := errors.AsType[yaml.Error](err); ok {
		f.Problem = placed.GetMessage()
		if token := placed.GetToken(); token != nil && token.Position != nil {
			f.Line, f.Column = token.Position.Line, token.Position.Column
			return f
		}
	}
	if line, column, rest, ok := bracketed(f.Problem); ok {
		f.Line, f.Column, f.Problem = line, column, rest
	} else {
		f.Line, f.Column = yamlnode.Position(node)
	}
	return f
}

// bracketed takes the place off an error that begins with [LINE:COLUMN].
func bracketed(text string) (line, column int, rest string, ok bool) {
	if n, err := fmt.Sscanf(text, "[%d:%d]", &line, &column); n != 2 || err != nil {
		return 0, 0, "", false
	}
	_, rest, _ = strings.Cut(text, "] ")
	return line, column, rest, true
}

// reader decodes member by member.
type reader struct {
	*Places
	faults []Fault
	nodes  int // that were read: aliases can make very many of few
	texts  int // that stand for a value with members
}

// Texter is a value with members that may be written as a text instead.
type Texter interface{ SetText(text string) }

const maxNodes = 100_000

var (
	durationType = reflect.TypeFor[time.Duration]()
	own          = []reflect.Type{
		reflect.TypeFor[yaml.InterfaceUnmarshaler](), reflect.TypeFor[yaml.BytesUnmarshaler](),
		reflect.TypeFor[yaml.NodeUnmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}
)

// readsItself tells whether a type has its own way of being decoded.
func readsItself(t reflect.Type) bool {
	return slices.ContainsFunc(own, reflect.PointerTo(t).Implements)
}

// read decodes a node into a value, and takes note of all that does not fit.
func (r *reader) read(node ast.Node, path string, into reflect.Value) {
	node = r.anchors.Resolve(node)
	if r.nodes++; node == nil || node.Type() == ast.NullType || r.nodes > maxNodes {
		return
	}
	if readsItself(into.Type()) {
		r.leaf(node, path, into)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.read(node, path, into.Elem())
	case reflect.Struct:
		r.members(node, path, into)
	case reflect.Map:
		r.entries(node, path, into)
	case reflect.Slice:
		list, ok := node.(*ast.SequenceNode)
		if !ok {
			r.fault(node, path, "must be a list, as in [a, b]")
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list.Values), len(list.Values)))
		for i, element := range list.Values {
			r.read(element, fmt.Sprintf("%s[%d]", path, i), into.Index(i))
		}
	default:
		r.leaf(node, path, into)
	}
}

// members decodes into the fields of a struct.
func (r *reader) members(node ast.Node, path string, into reflect.Value) {
	if text, ok := node.(*ast.StringNode); ok && text.Value != "" {
		if short, ok := reflect.TypeAssert[Texter](into.Addr()); ok {
			short.SetText(text.Value)
			r.texts++
			return
		}
	}
	if !isMapping(node) {
		r.fault(node, path, "must have members, as in name: value")
		return
	}
	fields := map[string]reflect.Value{}
	fieldsOf(into, fields)
	seen := map[string]bool{}
	for _, pair := range r.pairs(node) {
		name := keyOf(pair)
		if seen[name] {
			continue
		}
		seen[name] = true
		field, ok := fields[name]
		if !ok {
			r.unknown(pair, path, fields)
			continue
		}
		r.read(pair.Value, join(path, name), field)
	}
}

// unknown takes note of a member that there is not.
func (r *reader) unknown(pair *ast.MappingValueNode, path string, fields map[string]reflect.Value) {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	problem, wanted := "is not a member: want one of "+strings.Join(names, ", "), ""
	if near := Nearest(keyOf(pair), names); near != "" {
		problem, wanted = "is not a member: did you mean "+near+"?", join(path, near)
	}
	r.fault(pair.Key, join(path, keyOf(pair)), problem)
	r.faults[len(r.faults)-1].Wanted = wanted
}

// entries decodes into a map.
func (r *reader) entries(node ast.Node, path string, into reflect.Value) {
	if !isMapping(node) {
		r.fault(node, path, "must have members, as in name: value")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, pair := range r.pairs(node) {
		key := reflect.ValueOf(keyOf(pair)).Convert(into.Type().Key())
		if into.MapIndex(key).IsValid() {
			continue
		}
		value := reflect.New(into.Type().Elem()).Elem()
		r.read(pair.Value, join(path, keyOf(pair)), value)
		into.SetMapIndex(key, value)
	}
}

// leaf decodes a node that is one value.
func (r *reader) leaf(node ast.Node, path string, into reflect.Value) {
	err := yaml.NodeToValue(node, into.Addr().Interface(), yaml.Strict())
	if err == nil {
		return
	}
	into.SetZero()
	if want := wantedOf(into.Type()); want != "" && !readsItself(into.Type()) {
		r.fault(node, path, "must be "+want)
		return
	}
	f := faultOf(err, node)
	f.Path = path
	if name, ok := strings.CutPrefix(f.Problem, "unknown field "); ok {
		f.Problem = name + " is not a member"
	}
	if f.Problem == "" || strings.Contains(f.Problem, "Go ") {
		f.Problem = "cannot be read"
	}
	r.faults = append(r.faults, f)
}

// wantedOf says what a value of a type looks like.
func wantedOf(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration, as in 5s or 1m30s"
	case t.Kind() == reflect.String:
		return "a text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return "a whole number"
	case t.Kind() == reflect.Float32, t.Kind() == reflect.Float64:
		return "a number"
	}
	return ""
}

func (r *reader) fault(node ast.Node, path, problem string) {
	line, column := yamlnode.Position(node)
	r.faults = append(r.faults, Fault{Path: path, Line: line, Column: column, Problem: problem})
}

func isMapping(node ast.Node) bool {
	return node.Type() == ast.MappingType || node.Type() == ast.MappingValueType
}

// fieldsOf lists the fields of a struct by their names in YAML.
func fieldsOf(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		tag, has := v.Type().Field(i).Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case strings.Contains(options, "inline"):
			fieldsOf(v.Field(i), into)
		case has && name != "" && name != "-":
			into[name] = v.Field(i)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
