package transform

import (
	"errors"
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
	NoteTime         NoteKind = "time"          // there is a time that the source could not read
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
	decoder := s.codecs.Pick(profile, number)
	if decoder == nil {
		j.note(NoteUndecoded, "no codec for port "+strconv.Itoa(number)+" and profile "+message.Quote(profile))
		return nil, nil
	}
	in := codec.Uplink{Bytes: []byte(payload), Port: number, Time: j.request.Received}
	if !j.message.Time.IsZero() {
		in.Time = j.message.Time
	}
	in.Console = j.Observe != nil
	out, err := decoder.Decode(j.ctx, in)
	j.traceCodec(decoder, &in, &out, err)
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
