package transform

import (
	"bytes"
	"cmp"
	"strings"
	"unicode/utf8"
)

// nativeFast reads one message of the native format that is as it should be:
// nearly all are. It decides nothing: whatever it does not like goes to
// encoding/json and the validator, which find the words. The message's body is
// part of the text.
func nativeFast(text []byte) (m Message, ok bool) {
	s := jsonScan{text: text}
	var seen [nativeMembers]bool
	s.space()
	ok = s.members(0, func(name string) bool {
		i := nativeMember(name)
		if i < 0 {
			return !nativeAlike(name) && s.value(1)
		}
		if seen[i] {
			return false // the last one counts, or they are merged
		}
		seen[i] = true
		return s.nativeValue(i, &m)
	})
	s.space()
	return m, ok && s.at == len(text) && m.DeviceID != "" && m.Body != nil
}

// The members of the native format.
const (
	nativeDeviceMember = iota
	nativeMeasurements
	nativeTimestamp
	nativeComponent
	nativeMessageID
	nativeModelID
	nativeProperties
	nativeMembers
)

var nativeNames = [nativeMembers]string{"device", "measurements", "timestamp", "component", "messageId", "modelId", "properties"}

func nativeMember(name string) int {
	for i, known := range nativeNames {
		if name == known {
			return i
		}
	}
	return -1
}

// nativeAlike tells whether encoding/json, which does not look at the case, would
// take a name for one of ours.
func nativeAlike(name string) bool {
	for _, known := range nativeNames {
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

// nativeValue reads the value of a member into the message.
func (s *jsonScan) nativeValue(member int, m *Message) bool {
	start := s.at
	switch member {
	case nativeDeviceMember:
		seen := 0
		return s.members(1, func(name string) bool {
			switch name {
			case "deviceId":
				seen++
				return s.plain(&m.DeviceID) && ValidDeviceID(m.DeviceID)
			case "modelId":
				seen += 4
				// It counts more than the one beside the device, whose turn may have been.
				var id string
				if !s.plain(&id) || id != "" && !ValidModelID(id) {
					return false
				}
				m.ModelID = cmp.Or(id, m.ModelID)
				return true
			case "gatewayId":
				seen += 16
				return s.plain(&m.GatewayID) && (m.GatewayID == "" || ValidDeviceID(m.GatewayID))
			case "fleet":
				seen += 64
				return s.plain(&m.Fleet)
			}
			alike := strings.EqualFold(name, "deviceId") || strings.EqualFold(name, "modelId") || strings.EqualFold(name, "gatewayId") ||
				strings.EqualFold(name, "fleet")
			return !alike && s.value(2)
		}) && seen&^(1|4|16|64) == 0
	case nativeMeasurements:
		if s.peek() != '{' || !s.value(1) {
			return false
		}
		m.Body = s.text[start:s.at:s.at]
		return true
	case nativeTimestamp:
		if c := s.peek(); c != '"' && c != '-' && (c < '0' || c > '9') || !s.value(1) {
			return false
		}
		at, err := parseTime(strings.Trim(string(s.text[start:s.at]), `"`))
		m.Time = at
		return err == nil
	case nativeComponent:
		return s.plain(&m.Component) && (m.Component == "" || validName(m.Component))
	case nativeMessageID:
		return s.plain(&m.MessageID) && (m.MessageID == "" || ValidMessageID(m.MessageID))
	case nativeModelID:
		var id string
		if !s.plain(&id) || id != "" && !ValidModelID(id) {
			return false
		}
		m.ModelID = cmp.Or(m.ModelID, id)
		return true
	}
	return false // properties
}

// jsonScan walks over JSON, as strict as encoding/json. The text must be UTF-8.
type jsonScan struct {
	text []byte
	at   int
}

func (s *jsonScan) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *jsonScan) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// members walks over an object; member is called at each value, which it must
// pass. Names with escapes in them end the walk.
func (s *jsonScan) members(depth int, member func(name string) bool) bool {
	if depth >= mostDepth || s.peek() != '{' {
		return false
	}
	s.at++
	s.space()
	if s.peek() == '}' {
		s.at++
		return true
	}
	for {
		s.space()
		start := s.at
		if !s.string() {
			return false
		}
		name := s.text[start+1 : s.at-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			return false
		}
		s.space()
		if s.peek() != ':' {
			return false
		}
		s.at++
		s.space()
		if !member(string(name)) {
			return false
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
		case '}':
			s.at++
			return true
		default:
			return false
		}
	}
}

// plain reads a string without escapes.
func (s *jsonScan) plain(into *string) bool {
	start := s.at
	if !s.string() || bytes.IndexByte(s.text[start:s.at], '\\') >= 0 {
		return false
	}
	*into = string(s.text[start+1 : s.at-1])
	return true
}

// value passes any value.
func (s *jsonScan) value(depth int) bool {
	switch c := s.peek(); c {
	case '{', '[':
		return s.nested(depth + 1)
	case '"':
		return s.string()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *jsonScan) nested(depth int) bool {
	if depth > mostDepth {
		return false
	}
	object := s.peek() == '{'
	end := byte(']')
	if object {
		end = '}'
	}
	s.at++
	s.space()
	if s.peek() == end {
		s.at++
		return true
	}
	for {
		s.space()
		if object {
			if !s.string() {
				return false
			}
			s.space()
			if s.peek() != ':' {
				return false
			}
			s.at++
			s.space()
		}
		if !s.value(depth) {
			return false
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
		case end:
			s.at++
			return true
		default:
			return false
		}
	}
}

func (s *jsonScan) word(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *jsonScan) string() bool {
	if s.peek() != '"' {
		return false
	}
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			i++
			if i >= len(s.text) {
				return false
			}
			switch s.text[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if i++; i >= len(s.text) || !hexDigit(s.text[i]) {
						return false
					}
				}
			default:
				return false
			}
		}
	}
	return false
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (s *jsonScan) number() bool {
	if s.peek() == '-' {
		s.at++
	}
	switch c := s.peek(); {
	case c == '0':
		s.at++
	case '1' <= c && c <= '9':
		s.digits()
	default:
		return false
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

func (s *jsonScan) digits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// nativeOne reads a body that is one message, all of it as it should be.
func nativeOne(r *Request) (Message, bool) {
	switch r.header("Content-Type") {
	case "application/json", "application/json; charset=utf-8", "":
	default:
		return Message{}, false
	}
	if !utf8.Valid(r.Body) {
		return Message{}, false
	}
	return nativeFast(r.Body)
}
