package transform

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"mayfly/transform/codec"
	"mayfly/transform/media"
	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// Note is something about a message that its operator should know, though the
// message is delivered: for the log and for metrics.
type Note struct {
	DeviceID string
	Kind     NoteKind
	Text     string
}

// NoteKind says what a note is about.
type NoteKind string

// String tells a note in a sentence.
func (n Note) String() string {
	switch n.Kind {
	case NoteUndecoded:
		return "the payload goes out as it came: " + n.Text
	case NoteCodecFailed:
		return "the codec failed, so the payload goes out as it came: " + n.Text
	case NoteCodecError:
		return "the codec reports an error, so the payload goes out as it came: " + n.Text
	case NoteCodecWarning:
		return "the codec warns: " + n.Text
	default:
		return n.Text
	}
}

// The kinds of note.
const (
	NoteUndecoded    NoteKind = "undecoded"     // the payload went out as it came
	NoteCodecFailed  NoteKind = "codec-failed"  // the codec broke on the payload, which went out as it came
	NoteCodecError   NoteKind = "codec-error"   // the codec says that the payload is wrong; it went out as it came
	NoteCodecWarning NoteKind = "codec-warning" // the codec decoded, but has something to say
	NoteTemplate     NoteKind = "template"      // the message does not fit its device template
	NoteLeftOut      NoteKind = "left-out"      // a part of the body has no meaning and was left out
	NoteCredential   NoteKind = "credential"    // a member carries a credential and was left out
)

// ForSender tells whether notes of this kind belong into the answer: they are about
// what the sender wrote. Others are for the operator alone.
func (k NoteKind) ForSender() bool { return k == NoteLeftOut }

// leftOut makes notes of what the reader of a body left out.
func leftOut(notes *media.Notes) []Note {
	var list []Note
	for _, text := range notes.Texts() {
		list = append(list, Note{Kind: NoteLeftOut, Text: text})
	}
	return list
}

// maxNotes bounds what one request may say.
const maxNotes = 100

// codecs are those of a source.
type codecs struct {
	usual     codec.Codec
	byPort    map[int]codec.Codec
	byProfile map[string]codec.Codec
}

// codecsOf makes the codecs that a definition names. Scripts are read from the
// files next to it. A key of codecs that is a number is a port, every other one a
// device profile.
func codecsOf(d *Definition, engine codec.Engine) (*codecs, message.Faults) {
	if d.Codec == "" && len(d.Codecs) == 0 {
		return nil, nil
	}
	var faults message.Faults
	made := map[string]codec.Codec{}
	compiled := func(field, spec string) codec.Codec {
		if made[spec] == nil {
			c, err := codecOf(spec, d.files, engine)
			if err != nil {
				faults = append(faults, &message.Fault{Field: field, Problem: err.Error()})
				return nil
			}
			made[spec] = codec.Named{Codec: c, Name: spec}
		}
		return made[spec]
	}
	c := &codecs{byPort: map[int]codec.Codec{}, byProfile: map[string]codec.Codec{}}
	if d.Codec != "" {
		c.usual = compiled("codec", d.Codec)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Codecs)) {
		made := compiled("codecs."+key, d.Codecs[key])
		if port, err := strconv.Atoi(key); err == nil {
			c.byPort[port] = made
		} else {
			c.byProfile[key] = made
		}
	}
	if len(c.byProfile) > 0 && d.Profile.IsZero() {
		faults = append(faults, &message.Fault{Field: "profile",
			Problem: "is missing: codecs names device profiles, and nothing tells the profile of a device"})
	}
	if d.Payload.IsZero() {
		faults = append(faults, &message.Fault{Field: "payload", Problem: "is missing: it gives the codec its bytes"})
	}
	return c, faults
}

func codecOf(spec string, files fs.FS, engine codec.Engine) (codec.Codec, error) {
	if !strings.HasSuffix(spec, ".js") {
		return codec.New(spec, nil)
	}
	if files == nil {
		return nil, errors.New("a payload formatter in a file is for sources in a configuration file")
	}
	script, err := fs.ReadFile(files, path.Clean(spec))
	if err != nil {
		return nil, errors.New("cannot be read: " + err.Error())
	}
	return codec.Decoding(engine.Load(spec, script))
}

// pick gives the codec for a device profile or, where that has none, a port.
func (c *codecs) pick(profile string, port int) codec.Codec {
	if found := c.byProfile[profile]; found != nil {
		return found
	}
	if found := c.byPort[port]; found != nil {
		return found
	}
	return c.usual
}

// decodePayload gives what the source's codec makes of a payload; nil when it
// goes out as it came, and the notes say why.
func (s *Source) decodePayload(j *job, part any, payload string, port any) ([]codec.Reading, error) {
	if s.codecs == nil || payload == "" {
		j.note(NoteUndecoded, "nothing decodes it")
		return nil, nil
	}
	profile, err := j.Text(s.of.profile, part)
	if err != nil {
		return nil, err
	}
	number, _ := gojq.ToInt(port)
	decoder := s.codecs.pick(profile, number)
	if decoder == nil {
		j.note(NoteUndecoded, "no codec for port "+strconv.Itoa(number)+" and profile "+message.Quote(profile))
		return nil, nil
	}
	in := codec.Uplink{Bytes: []byte(payload), Port: number, Time: j.request.Received}
	if !j.message.Time.IsZero() {
		in.Time = j.message.Time
	}
	out, err := decoder.Decode(j.ctx, in)
	for _, text := range out.Warnings {
		j.note(NoteCodecWarning, codec.Blame(decoder, text))
	}
	failed, _ := errors.AsType[*codec.Error](err)
	readings := out.Readings()
	switch {
	case failed != nil && failed.Kind == codec.Unavailable:
		return nil, err
	case err != nil:
		j.note(NoteCodecFailed, codec.Blame(decoder, err.Error()))
	case len(out.Errors) > 0:
		j.note(NoteCodecError, codec.Blame(decoder, strings.Join(out.Errors, "; ")))
	case len(readings) == 0:
		j.note(NoteUndecoded, "the codec gave no data")
	default:
		return readings, nil
	}
	return nil, nil
}

// note takes a note of the message that is being made.
func (j *job) note(kind NoteKind, text string) {
	if len(j.notes) >= maxNotes {
		return
	}
	n := Note{Kind: kind, Text: message.Shorten(text)}
	if j.message != nil {
		n.DeviceID = j.message.DeviceID
	}
	j.notes = append(j.notes, n)
}
