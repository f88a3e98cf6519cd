package newsource

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform/message"
)

// sureBy is by how much the first candidate must lead.
const sureBy = 15

// device finds what names the device: in a part, around it, in the query or in a header.
func (b *builder) device() {
	all := clue.Candidates(b.idFields(), nil)
	b.preferDifferent(all)
	for name, value := range b.query {
		b.elsewhere(&all, name, value, ".query", "the query's "+name)
	}
	for name, value := range b.headers {
		if bare := strings.TrimPrefix(strings.ToLower(name), "x-"); bare != "content-type" && bare != "user-agent" {
			b.elsewhere(&all, bare, value, ".headers", "the header "+name)
			if n := len(all); n > 0 && all[n-1].Shown == "the header "+name {
				all[n-1].Where = "$request.headers" + clue.Path([]string{strings.ToLower(name)})
			}
		}
	}
	clue.SortCandidates(all)
	if len(all) == 0 {
		all = b.pathID()
	}
	if len(all) == 0 {
		all = b.anyID()
	}
	if len(all) == 0 {
		all = b.namedID()
	}
	if len(all) == 0 {
		b.deviceID = "$request.query.device"
		b.query["device"] = "my-device"
		b.note("deviceId", "nothing in the body names the device: the sender's URL has to, as in /api/"+b.name+
			"?device=my-device", true)
		return
	}
	best := all[0]
	var others []string
	for _, c := range all[1:] {
		if c.At != nil {
			c.Shown = b.label(c.At)
		}
		others = append(others, c.Shown+" "+clue.Compact(c.Sample))
	}
	near := len(all) > 1 && best.Score-all[1].Score < sureBy
	why := best.Shown + " " + clue.Compact(best.Sample)
	if best.Form != "" {
		why += ", " + best.Form
	}
	if best.At != nil {
		b.taken[best.At] = true
		b.wrapped = b.wrapped || best.At.Outer
	}
	b.deviceID = best.Where
	b.pending(&b.deviceID, best.At, best.Call)
	if best.Call == " | slug" {
		why += ", written so that a device id may have it"
	}
	b.note("deviceId", why, near || best.Score < 60, others...)
}

// preferDifferent raises what differs from part to part over what is the same around them.
func (b *builder) preferDifferent(all []clue.Candidate) {
	for i := range all {
		f := all[i].At
		if f.Outer || len(b.parts) < 2 || all[i].Score < 60 {
			continue
		}
		seen := map[string]bool{}
		for _, v := range b.everyValue(f) {
			seen[v] = true
		}
		if len(seen) > 1 {
			all[i].Score += 20
		}
	}
}

// pathID finds an id in the path of the request, behind the source's own.
func (b *builder) pathID() []clue.Candidate {
	at, id, shown := clue.PathID(b.tail)
	if id == "" {
		return nil
	}
	b.path = "/api/" + b.name + shown
	const own = 3 // "", "api" and the name
	return []clue.Candidate{{Where: fmt.Sprintf(`$request.path | split("/") | .[%d]`, own+at), Score: 50, Sample: id,
		Shown: "the path, which has to be as in https://YOUR-MAYFLY" + b.path + ":"}}
}

// namedID takes for the device what would name the reading, where it has the looks of an id.
func (b *builder) namedID() []clue.Candidate {
	name, _, ok := pair(b.parts)
	if !ok || !clue.In(clue.DeviceWords, clue.Folded(name)) {
		return nil
	}
	for _, f := range b.fields {
		if !f.Outer && len(f.Names) == 1 && f.Names[0] == name && !slices.ContainsFunc(b.everyValue(f),
			func(s string) bool { return !clue.LooksLikeID(s) }) {
			b.noPair = true
			return []clue.Candidate{{At: f, Shown: clue.Path(f.Names), Sample: b.everyValue(f)[0],
				Score: clue.MinIDScore}, {Shown: "it names the reading, and ?device= in the URL the device, as",
				Sample: "my-device"}}
		}
	}
	return nil
}

// anyID takes a text for the device's id that has the looks of one, where no name tells.
func (b *builder) anyID() (out []clue.Candidate) {
	for _, f := range b.idFields() {
		s, isText := f.Value.(string)
		if !isText || len(s) < 3 || len(s) > 64 || clue.IsNumeric(s) || clue.NumberIn(s) != "" || strings.ContainsAny(s,
			"{}\n ") ||
			!strings.ContainsAny(s, "0123456789") || clue.IsSecret(f.Names[len(f.Names)-1], s) ||
			clue.In(clue.NameWords, f.Name()) {
			continue
		}
		if _, isTime := clue.ReadTime(s, clue.FarFuture()); isTime || clue.ClockForm().MatchString(s) ||
			strings.Contains(s, "://") {
			continue
		}
		c := clue.Candidate{At: f, Shown: clue.Path(f.Names), Sample: s, Score: clue.MinIDScore}
		if !message.ValidDeviceID(s) {
			c.Call = " | slug"
		}
		out = append(out, c)
	}
	if len(out) > 0 {
		out = append(out, clue.Candidate{Shown: "?device= in the sender's URL, as $request.query.device",
			Sample: "my-device"})
	}
	return out
}

// idFields are the fields that may name the device.
func (b *builder) idFields() []*clue.Field {
	name, value, ok := pair(b.parts)
	list := b.free()
	if !ok || len(b.shape.steps) == 0 || !b.isPair(name, value) {
		for _, f := range list {
			if uuid, _ := f.Value.(string); f.Name() == "id" && f.Parent() == "" && clue.UUIDForm().MatchString(uuid) &&
				len(list) > 1 && b.better(list, f) {
				return slices.DeleteFunc(list, func(other *clue.Field) bool { return other == f })
			}
		}
		return list
	}
	return slices.DeleteFunc(list, func(f *clue.Field) bool {
		return !f.Outer && len(f.Names) == 1 &&
			f.Names[0] == name
	})
}

// better tells whether a field other than the message's id names the device.
func (b *builder) better(list []*clue.Field, than *clue.Field) bool {
	return slices.ContainsFunc(clue.Candidates(list, nil), func(c clue.Candidate) bool {
		return c.At != than &&
			c.Score >= 50
	})
}

func (b *builder) elsewhere(all *[]clue.Candidate, name, value, where, shown string) {
	if c, ok := clue.CandidateOf([]string{name}, value); ok && c.Score >= 50 {
		c.Where, c.Shown = "$request"+where+clue.Path([]string{name}), shown
		*all = append(*all, c)
	}
}

// pendingExprs are written once it is known whether parts are wrapped.
func (b *builder) pending(into *string, f *clue.Field, call string) {
	if f == nil {
		*into += call
		return
	}
	b.later = append(b.later, func() { *into = b.expr(f) + call })
}

// time finds the time of the readings.
func (b *builder) time() {
	var items, outer []*clue.Field
	for _, f := range b.free() {
		if f.Outer {
			outer = append(outer, f)
		} else {
			items = append(items, f)
		}
	}
	all := append(clue.TimeCandidates(items, b.now), clue.TimeCandidates(outer, b.now)...)
	if len(all) == 0 {
		b.note("timestamp", "the body has no time: messages have that of their arrival", b.strangeTime())
		return
	}
	best := all[0]
	b.taken[best.At] = true
	b.wrapped = b.wrapped || best.At.Outer
	why := clue.Path(best.At.Names) + " " + clue.Compact(best.At.Value)
	call := ""
	if best.Found.Pattern != "" {
		call = " | utc(" + clue.Text(best.Found.Pattern) + ")"
	} else if best.Found.Object {
		call = " | utc"
	}
	if best.Other != nil {
		b.taken[best.Other] = true
		b.later = append(b.later, func() {
			b.timestamp = fmt.Sprintf(`"\(%s) \(%s)"`, b.expr(best.At), b.expr(best.Other)) + call
		})
		why += " with " + clue.Path(best.Other.Names) + " " + clue.Compact(best.Other.Value)
	} else {
		b.pending(&b.timestamp, best.At, call)
	}
	why += ", read as " + message.FormatTime(best.Found.At)
	var others []string
	near := false
	for _, c := range all[1:] {
		if c.At != best.At {
			others = append(others, b.label(c.At)+" "+clue.Compact(c.At.Value))
			near = near || c.At.Outer == best.At.Outer && best.Score-c.Score < sureBy
		}
	}
	if best.Found.Other != "" {
		others = append([]string{"utc(" + clue.Text(best.Found.Other) +
			"), if day and month are the other way round"}, others...)
	}
	unsure := best.Score < 60 || best.Found.Other != "" || near
	b.note("timestamp", why, unsure, others...)
	if best.Found.NoZone {
		b.zone = "UTC"
		b.note("zone", "the time has no zone, and is taken for UTC", true,
			"zone: Europe/Berlin, or where the sender is")
	}
}

// strangeTime tells whether there is a member that is called like a time, and is none.
func (b *builder) strangeTime() bool {
	for _, f := range b.free() {
		if scalar(f.Value) && f.Value != nil && clue.TimeScore(f.Names[len(f.Names)-1]) >= 80 {
			return true
		}
	}
	return false
}

// messageID finds the id of a message.
func (b *builder) messageID() {
	for _, f := range b.free() {
		s, ok := message.ScalarText(f.Value)
		isID := clue.IsMessageID(f.Names) ||
			f.Name() == "id" && f.Parent() == "" && (clue.UUIDForm().MatchString(s) || differentTexts(b.parts,
				"id") > 1)
		if !ok || !isID || f.Outer || // that of the request is no message's
			!message.ValidMessageID(s) || len(s) < 4 {
			continue
		}
		b.taken[f] = true
		b.pending(&b.messageIDs, f, "")
		b.note("messageId", clue.Path(f.Names)+" "+clue.Compact(f.Value)+", by which a repetition is recognized",
			!clue.IsMessageID(f.Names))
		return
	}
}

// payload finds bytes that a codec has to decode.
func (b *builder) payload() {
	if b.words != "" {
		b.wordsPayload()
		return
	}
	var best *clue.Field
	var how string
	var raw []byte
	bestRank := 1 << 30
	for _, f := range b.free() {
		s, isText := f.Value.(string)
		name := f.Name()
		if clue.In("data", name) && clue.In("buffer", clue.Folded(f.Parent())) || name == "data" && f.Value != nil {
			if _, isList := f.Value.([]any); isList && clue.ByteList(f.Value) {
				best, how, bestRank = f, "", 0
			}
		}
		if f.Outer || !isText || !clue.In(clue.PayloadWords, name) {
			if !f.Outer && clue.In(clue.SurePayload, name) && clue.ByteList(f.Value) && bestRank > 0 {
				best, how, bestRank = f, "", 0
			}
			continue
		}
		function, got := clue.BytesForm(s, clue.In(clue.SurePayload, name))
		rank := slices.Index(strings.Fields(clue.PayloadWords), name)
		if function != "" && rank < bestRank && (clue.In(clue.SurePayload, name) || len(got) > 1) {
			best, how, raw, bestRank = f, function, got, rank
		}
	}
	if best == nil {
		return
	}
	b.taken[best], b.encoded = true, true
	call := ""
	if how != "" {
		call = " | " + how
	}
	b.pending(&b.bytes, best, call)
	b.notePayload(clue.Path(best.Names)+" "+clue.Compact(best.Value), best.Value, how, raw)
	for _, f := range b.free() {
		if !f.Outer && clue.In(clue.PortWords, f.Name()) && clue.IsNumeric(f.Value) {
			b.taken[f] = true
			b.pending(&b.port, f, " | num")
			b.note("port", clue.Path(f.Names)+" "+clue.Compact(f.Value), false)
			return
		}
	}
}

func (b *builder) notePayload(shown string, value any, how string, raw []byte) {
	var others []string
	s, _ := value.(string)
	if how == "unhex" && len(s) < 8 && len(s)%4 == 0 {
		others = append(others, "unb64, if it is base64")
	}
	why := shown + ", " + map[string]string{"unhex": "hex digits", "unb64": "base64", "": "bytes as numbers"}[how]
	if len(raw) > 3 && utf8.Valid(raw) && !strings.ContainsFunc(string(raw), func(r rune) bool {
		return r < ' ' ||
			r > 0x7e
	}) {
		why += fmt.Sprintf(" (the text %s)", clue.Compact(string(raw)))
	}
	why += ": sent as it is until codec: names one that decodes it"
	b.note("payload", why, len(others) > 0, others...)
}

// wordsPayload is for a body that is one text.
func (b *builder) wordsPayload() {
	if b.noBytes {
		b.bytes = ". | unb64"
		b.note("payload", "the body is bytes: sent as they are until codec: names one that decodes them", false)
		return
	}
	if function, raw := clue.BytesForm(strings.TrimSpace(b.words), false); function != "" {
		b.bytes = ". | " + function
		b.notePayload("the body", b.words, function, raw)
		return
	}
	b.measurements = "{text: .}"
	b.note("measurements", "the body is a text without names: it is sent as it is", true,
		`capture("t=(?<t>[0-9.]+)") and the like take values out of it`)
}
