package transform

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/answer"
	"mayfly/transform/codecset"
	"mayfly/transform/credential"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// defaultPatience is how long the least patient senders wait: ChirpStack and The
// Things Stack.
const defaultPatience = 5 * time.Second

// expressions are those of a definition that stand alone, compiled.
type expressions struct {
	detect, envelope, ignore, each             *mapping.Expression
	deviceID, secretID, modelID, gatewayID     *mapping.Expression
	fleet, component, messageID, timestamp     *mapping.Expression
	payload, port, profile, measurements, also *mapping.Expression
	downlink                                   *mapping.Expression
}

// field is an expression of a definition that stands alone.
type field struct {
	name  string
	text  *mapping.Expr
	into  **mapping.Expression
	whole bool // over the whole body, where let has no values yet
}

// fields lists them: this is the only place that does.
func fields(d *Definition, x *expressions) []field {
	return []field{
		{"detect", &d.Detect, &x.detect, true},
		{"envelope", &d.Envelope, &x.envelope, true},
		{"ignore", &d.Ignore, &x.ignore, true},
		{"each", &d.Each, &x.each, true},
		{"deviceId", &d.DeviceID, &x.deviceID, false},
		{"secretId", &d.SecretID, &x.secretID, false},
		{"modelId", &d.ModelID, &x.modelID, false},
		{"gatewayId", &d.GatewayID, &x.gatewayID, false},
		{"fleet", &d.Fleet, &x.fleet, false},
		{"component", &d.Component, &x.component, false},
		{"messageId", &d.MessageID, &x.messageID, false},
		{"timestamp", &d.Timestamp, &x.timestamp, false},
		{"payload", &d.Payload, &x.payload, false},
		{"port", &d.Port, &x.port, false},
		{"profile", &d.Profile, &x.profile, false},
		{"measurements", &d.Measurements, &x.measurements, false},
		{"also", &d.Also, &x.also, false},
		{"downlink.when", &d.Downlink.When, &x.downlink, false},
	}
}

// named is an expression of let or of the properties.
type named struct {
	name  string
	value *mapping.Expression
}

// compile makes a source of its definition, or tells all that is wrong with it.
func (t *Transformer) compile(d *Definition) (*Source, error) {
	s := &Source{Definition: *d, validate: t.validate, detect: t.Detect}
	s.Patience = cmp.Or(s.Patience, defaultPatience)
	s.kept = credential.Mentioned(d.Measurements.Text + " " + d.Also.Text)
	faults := d.check()
	l := t.language()
	if d.Zone != "" {
		var err error
		if s.zone, err = message.ParseZone(d.Zone); err != nil {
			faults = append(faults, &message.Fault{Field: "zone", Problem: err.Error()})
		}
		l = t.languageOf(s.zone, d.Zone)
	}
	add := func(f *message.Fault) {
		if f != nil {
			faults = append(faults, f)
		}
	}
	var found message.Faults
	s.codecs, found = codecset.New(d.Codec, d.Codecs, d.Files, t.engine)
	faults = append(faults, found...)
	if s.codecs.HasProfiles() && d.Profile.IsZero() {
		faults = append(faults, &message.Fault{Field: "profile",
			Problem: "is missing: codecs names device profiles, and nothing tells the profile of a device"})
	}
	if s.codecs != nil && d.Payload.IsZero() {
		faults = append(faults, &message.Fault{Field: "payload", Problem: "is missing: it gives the codec its bytes"})
	}
	var vars []string
	origins := mapping.Origins{Input: mapping.Origins{}.Of(d.Each), Vars: map[string]mapping.Origin{}}
	for _, name := range slices.Sorted(maps.Keys(d.Let)) {
		if !variableName().MatchString(name) || name == "request" {
			add(mapping.FaultAt("let", d.Let[name], 0, message.Quote(name)+" is not a name for a variable; want letters, digits and _"))
			continue
		}
		compiled, fault := l.CompileTraced("let."+name, d.Let[name], slices.Clone(vars), origins) // those before have values
		add(fault)
		vars = append(vars, "$"+name)
		origins.Vars["$"+name] = origins.Of(d.Let[name])
		s.let = append(s.let, named{name, compiled})
	}
	for _, f := range fields(d, &s.of) {
		visible, known := vars, origins
		if f.whole {
			visible, known = nil, mapping.Origins{}
		}
		compiled, fault := l.CompileTraced(f.name, *f.text, visible, known)
		if f.text == &d.Payload {
			compiled, fault = l.CompileBytes(f.name, *f.text, visible, known)
		}
		add(fault)
		*f.into = compiled
	}
	s.rawTime = rawTimes(l, d, vars)
	for _, name := range slices.Sorted(maps.Keys(d.Properties)) {
		compiled, fault := l.CompileTraced("properties."+name, d.Properties[name], vars, origins)
		if !message.ValidProperty(name) {
			fault = mapping.FaultAt("properties", d.Properties[name], 0, message.Quote(name)+" is not a property name")
		}
		if at := slices.IndexFunc(s.properties, func(p named) bool { return message.SameProperty(p.name, name) }); at >= 0 {
			fault = mapping.FaultAt("properties", d.Properties[name], 0,
				message.Quote(name)+" and "+message.Quote(s.properties[at].name)+" are one property: case does not count")
		}
		add(fault)
		s.properties = append(s.properties, named{name, compiled})
	}
	s.answers, found = answer.Compile(l, &s.Answer, s.Probes)
	faults = append(faults, found...)
	s.commands, found = s.Downlink.Compile(l)
	faults = append(faults, found...)
	s.pusher, found = s.Downlink.CompilePush(l)
	faults = append(faults, found...)
	for _, f := range faults {
		d.own(f)
	}
	return s, faults.Err()
}

// own says whose a fault is, and where it stands.
func (d *Definition) own(f *message.Fault) {
	f.Source, f.Path = d.Name, d.Path
	if f.File == "" {
		f.File = d.File
		_ = f.Located(d.Place) // it is f itself
	}
}

var (
	variableName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
	sourceName   = lazyregexp.New(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// check tells what is wrong with a definition besides its expressions.
func (d *Definition) check() message.Faults {
	var faults message.Faults
	fault := func(field, problem string) { faults = append(faults, &message.Fault{Field: field, Problem: problem}) }
	if !sourceName().MatchString(d.Name) {
		fault("name", message.Quote(d.Name)+" is not a name for a source: "+
			"want lower-case letters, digits and hyphens; it becomes part of the URL")
	}
	if d.DeviceID.IsZero() {
		fault("deviceId", "is missing")
	}
	if d.Measurements.IsZero() && d.Payload.IsZero() {
		fault("measurements", "is missing, and so is payload: one of them is needed")
	}
	if d.Envelope.IsZero() && !slices.Contains([]string{"", "false", "null"}, strings.TrimSpace(d.Ignore.Text)) {
		fault("envelope", "is missing, and ignore would take a body of another sender for one without telemetry: "+
			`add what is true for each part of this sender's bodies, as in envelope: type == "object" and has("station")`)
	}
	if d.TimestampRequired && d.Timestamp.IsZero() {
		fault("timestamp", "is required, but there is no expression that gives it")
	}
	d.checkEnums(fault)
	d.Downlink.Check(fault)
	if d.Patience < 0 {
		fault("patience", "must not be negative")
	}
	if d.OnReject == "accept" && (!d.Answer.Partial.IsZero() || !d.Answer.Refused.IsZero()) {
		fault("onReject", "accept answers refusals as if all was well: "+
			"leave out answer.partial and answer.refused, or onReject")
	}
	return faults
}
