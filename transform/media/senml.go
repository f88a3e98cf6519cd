package media

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"mayfly/transform/media/decimal"
	"mayfly/transform/message"
)

// recordBytes is what a record takes as such and as an object.
const recordBytes = 1 << 10

// senML is a record of SenML (RFC 8428) with its base values applied.
type senML struct {
	name  string // whole
	local string // without the base name
	unit  string
	time  json.Number // seconds since 1970; empty for now
	value any         // v, vs, vb or vd
	kind  string      // of these; empty for a record with a sum alone
	sum   json.Number
	ut    json.Number // update time
	more  map[string]any
}

// senMLLabels are the integers that stand for names in CBOR (RFC 8428, table 4).
var senMLLabels = map[string]string{
	"-1": "bver", "-2": "bn", "-3": "bt", "-4": "bu", "-5": "bv", "-6": "bs",
	"0": "n", "1": "u", "2": "v", "3": "vs", "4": "vb", "5": "s", "6": "t", "7": "ut", "8": "vd",
}

// senMLVersion is the version of RFC 8428; a pack of a later one is refused
// (section 4.4).
const senMLVersion = 10

// senMLRelative divides times since 1970 from those that are relative to now
// (section 4.5.3).
const senMLRelative = 1 << 28

// senMLRecords reads a pack. Times that are relative to now stay as they are where the
// request does not tell when it came.
func senMLRecords(r *message.Request, binary bool, notes *Notes) ([]senML, error) {
	spent := budget{meter: r.Meter(), records: true, notes: notes}
	var value any
	var err error
	if binary {
		value, err = decodeCBOR(r.Body, false, spent)
	} else {
		value, err = decodeJSON(r.Body, false, spent)
	}
	if err != nil {
		return nil, err
	}
	if object, ok := value.(map[string]any); ok { // a stream of SenSML
		value = []any{object}
	}
	list, ok := value.([]any)
	if !ok {
		return nil, message.Invalidf("SenML is an array of records, not %s", message.TypeName(value))
	}
	base := senMLBase{now: r.Received}
	var records []senML
	for i, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, senMLWrong(i, "", "is an object, not "+message.TypeName(item))
		}
		if binary {
			object = senMLNamed(object)
		}
		record, hint := base.resolve(object)
		if hint.Path != "" {
			return nil, senMLWrong(i, hint.Path, hint.Hint)
		}
		if record.kind == "" && record.sum == "" {
			continue
		}
		// Each has the base name in its own, and becomes an object.
		if err := spent.member(len(record.name), recordBytes); err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

func senMLWrong(i int, field, hint string) *message.Error {
	path := "[" + strconv.Itoa(i) + "]"
	if field != "" {
		path += "." + field
	}
	return message.InvalidFields(message.FieldError{Path: path, Rule: "senml", Hint: hint})
}

func senMLNamed(record map[string]any) map[string]any {
	named := make(map[string]any, len(record))
	for key, value := range record {
		name := cmp.Or(senMLLabels[key], key)
		if text, ok := value.(string); ok && name == "vd" { // in JSON it is base64url
			if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
				value = base64.RawURLEncoding.EncodeToString(raw)
			}
		}
		named[name] = value
	}
	return named
}

// senMLBase holds the base values; each stands until it is replaced.
type senMLBase struct {
	now              time.Time
	name, unit       string
	time, value, sum json.Number
}

// resolve applies the base values to a record (section 4.6).
func (b *senMLBase) resolve(in map[string]any) (out senML, wrong message.FieldError) {
	bad := func(field, hint string) { wrong = message.FieldError{Path: field, Hint: hint} }
	text := func(field string) string {
		value, ok := in[field].(string)
		if in[field] != nil && !ok {
			bad(field, "must be a string")
		}
		return value
	}
	number := func(field string) json.Number {
		value, ok := in[field].(json.Number)
		if in[field] != nil && !ok {
			bad(field, "must be a number")
		}
		return value
	}
	if version := number("bver"); version != "" {
		if n, err := version.Float64(); err != nil || n > senMLVersion {
			bad("bver", "is a version of SenML that is not known: "+version.String())
		}
	}
	if in["bn"] != nil {
		b.name = text("bn")
	}
	if in["bu"] != nil {
		b.unit = text("bu")
	}
	for field, into := range map[string]*json.Number{"bt": &b.time, "bv": &b.value, "bs": &b.sum} {
		if in[field] != nil {
			*into = number(field)
		}
	}
	out = senML{local: text("n"), unit: cmp.Or(text("u"), b.unit), ut: number("ut")}
	out.name = b.name + out.local
	for _, kind := range []string{"v", "vs", "vb", "vd"} {
		value := in[kind]
		if value == nil {
			continue
		}
		if out.kind != "" {
			bad(kind, "must not be set together with "+out.kind+": a record has one value")
		}
		out.kind, out.value = kind, value
		_, isText := value.(string)
		_, isBool := value.(bool)
		switch {
		case kind == "v":
			out.value = decimal.Add(b.value, number("v"))
		case kind == "vb" && !isBool, kind != "vb" && !isText:
			bad(kind, "is of the wrong type")
		}
	}
	if out.kind == "" && b.value != "" && in["n"] != nil && in["s"] == nil {
		out.kind, out.value = "v", b.value // a base value alone (section 4.2)
	}
	if sum := number("s"); sum != "" || b.sum != "" && out.kind != "" {
		out.sum = decimal.Add(b.sum, sum)
	}
	out.time = b.absolute(decimal.Add(b.time, number("t")))
	for field, value := range in {
		if strings.HasSuffix(field, "_") {
			bad(field, "must be understood (its name ends in _), but is not")
		} else if !senMLKnown[field] && value != nil {
			if out.more == nil {
				out.more = map[string]any{}
			}
			out.more[field] = value
		}
	}
	if out.name == "" && (out.kind != "" || out.sum != "") {
		bad("n", "is missing, and so is a base name")
	}
	return out, wrong
}

var senMLKnown = map[string]bool{
	"bver": true, "bn": true, "bt": true, "bu": true, "bv": true, "bs": true,
	"n": true, "u": true, "v": true, "vs": true, "vb": true, "s": true, "t": true, "ut": true, "vd": true,
}

// absolute makes a time since 1970 of one that is relative to now.
func (b *senMLBase) absolute(t json.Number) json.Number {
	n, err := t.Float64()
	if t == "" || err != nil || n >= senMLRelative {
		return t
	}
	if n == 0 {
		return ""
	}
	if b.now.IsZero() {
		return t
	}
	now := json.Number(strconv.FormatInt(b.now.Unix(), 10))
	if nanos := b.now.Nanosecond(); nanos != 0 {
		now += json.Number("." + strings.TrimRight(strconv.Itoa(1e9 + nanos)[1:], "0"))
	}
	return decimal.Add(now, t)
}

// resolved writes records as RFC 8428 section 4.6 has them: n, u, t, ut, s and
// one of v, vs, vb and vd (base64url), without base values. Times are seconds
// since 1970; t is left out for now.
func resolved(records []senML) any {
	list := make([]any, len(records))
	for i, r := range records {
		object := map[string]any{"n": r.name}
		if r.unit != "" {
			object["u"] = r.unit
		}
		for field, number := range map[string]json.Number{"t": r.time, "s": r.sum, "ut": r.ut} {
			if number != "" {
				object[field] = number
			}
		}
		if r.kind != "" {
			object[r.kind] = r.value
		}
		maps.Copy(object, r.more)
		list[i] = object
	}
	return list
}

// measured is what a device measured at one time.
type measured struct {
	time   json.Number
	values map[string]any
}

// byTime makes measurements of records: those of one time are one message. They
// are named by what stands behind the base name; where nothing does, by the end
// of the name, and where several records share that, by their units.
func byTime(records []senML) []measured {
	units := map[string]map[string]bool{}
	for _, r := range records {
		if units[r.name] == nil {
			units[r.name] = map[string]bool{}
		}
		units[r.name][r.unit] = true
	}
	var list []measured
	at := map[json.Number]int{}
	for _, r := range records {
		name := cmp.Or(r.local, r.name)
		if i := strings.LastIndexAny(strings.TrimRight(name, ":/"), ":/"); i >= 0 {
			name = strings.TrimRight(name, ":/")[i+1:]
		}
		if len(units[r.name]) > 1 && r.unit != "" {
			name = r.unit
		}
		i, ok := at[r.time]
		if !ok {
			i = len(list)
			at[r.time] = i
			list = append(list, measured{time: r.time, values: map[string]any{}})
		}
		if r.kind != "" {
			list[i].values[name] = r.value
		} else {
			list[i].values[name] = r.sum
		}
	}
	return list
}
