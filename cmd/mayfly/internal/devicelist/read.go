package devicelist

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"mayfly/transform/message"
)

// Device is one device of a list.
type Device struct {
	ID   string
	Name string // empty where the list has none
}

// Bounds of a list. They keep a file of another kind from filling the memory.
const (
	maxRecordBytes = 64 << 10
	maxDevices     = 5_000_000
)

// Error is a fault of a list.
type Error struct {
	Line int // of a CSV or text file; 0 where the list is JSON
	Item int // of a JSON list, from 1; 0 elsewhere
	Text string
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("device %d: %s", e.Item, e.Text)
}

// Read calls yield with each device of a list, in order. The list is recognized by its first bytes: an id per line, CSV
// with a header (id or deviceId, name), ids and names separated by a comma, a JSON array, or an object per line. Empty
// lines and lines that start with # are skipped. An id that DPS would refuse, or that comes twice, is an *Error;
// DPS does not distinguish capital letters.
func Read(r io.Reader, yield func(Device) error) error {
	in := bufio.NewReaderSize(r, maxRecordBytes)
	if bom, _ := in.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	l := &list{seen: map[string]int{}, yield: yield}
	first, err := firstByte(in)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the list is empty: expected an id per line, CSV or JSON")
	case err != nil:
		return err
	case first == '[' || first == '{':
		err = l.readJSON(in)
	default:
		err = l.readCSV(in)
	}
	if err == nil && len(l.seen) == 0 {
		err = errors.New("the list has no devices: expected an id per line, CSV or JSON")
	}
	return err
}

// firstByte skips white space and returns the byte after it, which stays unread.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, in.UnreadByte()
		}
	}
}

type list struct {
	seen  map[string]int // lower-case id to its line or item
	yield func(Device) error
}

// add checks one device and passes it on.
func (l *list) add(d Device, line, item int) error {
	fault := func(format string, args ...any) error {
		return &Error{Line: line, Item: item, Text: fmt.Sprintf(format, args...)}
	}
	if !message.ValidDeviceID(d.ID) {
		return fault("%q is not a device id: 1 to 128 letters, digits and -._:", clip(d.ID))
	}
	key := strings.ToLower(d.ID)
	if before, ok := l.seen[key]; ok {
		return fault("%q is in the list twice, see %d", d.ID, before)
	}
	if len(l.seen) == maxDevices {
		return fault("more than %d devices", maxDevices)
	}
	l.seen[key] = max(line, item)
	return l.yield(d)
}

func clip(s string) string {
	if len(s) > 140 {
		return s[:140] + "..."
	}
	return s
}

// readJSON reads an array of ids or objects, or objects one after the other.
func (l *list) readJSON(in *bufio.Reader) error {
	dec := json.NewDecoder(in)
	first, _ := in.Peek(1)
	inArray := first[0] == '['
	if inArray {
		if _, err := dec.Token(); err != nil {
			return fmt.Errorf("the list is not JSON: %w", err)
		}
	}
	for item := 1; ; item++ {
		if inArray && !dec.More() {
			_, err := dec.Token()
			return jsonError(err, item)
		}
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) && !inArray {
			return nil
		}
		if err != nil {
			return jsonError(err, item)
		}
		if len(raw) > maxRecordBytes {
			return &Error{Item: item, Text: fmt.Sprintf("has %d bytes, at most %d are read", len(raw), maxRecordBytes)}
		}
		d, err := deviceOf(raw)
		if err != nil {
			return jsonError(err, item)
		}
		if err := l.add(d, 0, item); err != nil {
			return err
		}
	}
}

func jsonError(err error, item int) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Item: item, Text: "the list ends in the middle"}
	}
	return &Error{Item: item, Text: "is not an id, and not an object with id and name"}
}

// deviceOf reads "id" or {"id": ..., "name": ...}, with the names that the lists of the emulator, DPS, IoT Hub and
// IoT Central use.
func deviceOf(raw json.RawMessage) (Device, error) {
	var id string
	if raw[0] == '"' {
		err := json.Unmarshal(raw, &id)
		return Device{ID: id}, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return Device{}, err
	}
	var d Device
	best := len(idColumns)
	for name, value := range members {
		var text string
		if json.Unmarshal(value, &text) != nil {
			continue
		}
		if rank := rankOf(name, idColumns); rank < best {
			best, d.ID = rank, text
		}
		if rankOf(name, nameColumns) < len(nameColumns) {
			d.Name = text
		}
	}
	return d, nil
}

// The names of columns and members, without case, "_", "-" and spaces. The first that a list has is used.
var (
	idColumns   = []string{"registrationid", "iotcdeviceid", "deviceid", "id", "device"}
	nameColumns = []string{"iotcdevicename", "devicename", "displayname", "name"}
)

func rankOf(name string, columns []string) int {
	name = strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
	for i, c := range columns {
		if name == c {
			return i
		}
	}
	return len(columns)
}

// readCSV reads records of an id and perhaps a name.
func (l *list) readCSV(in *bufio.Reader) error {
	comma, err := separator(in)
	if err != nil {
		return err
	}
	records := csv.NewReader(in)
	records.Comma = comma
	records.Comment = '#'
	records.FieldsPerRecord = -1
	records.TrimLeadingSpace = true
	records.ReuseRecord = true
	idAt, nameAt := 0, 1
	for first := true; ; first = false {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return &Error{Line: parse.Line, Text: "a quote is not closed, or stands in the middle of a field"}
		}
		if err != nil {
			return err
		}
		if first {
			if at := column(record, idColumns); at >= 0 {
				idAt, nameAt = at, column(record, nameColumns)
				continue
			}
		}
		line, _ := records.FieldPos(0)
		var d Device
		if idAt < len(record) {
			d.ID = strings.Clone(strings.TrimSpace(record[idAt]))
		}
		if nameAt >= 0 && nameAt < len(record) && nameAt != idAt {
			d.Name = strings.Clone(strings.TrimSpace(record[nameAt]))
		}
		if err := l.add(d, line, 0); err != nil {
			return err
		}
	}
}

// separator finds what separates the columns: a comma, a semicolon or a tab, whichever the first line has.
func separator(in *bufio.Reader) (rune, error) {
	head, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	for _, c := range ",;\t" {
		if bytes.ContainsRune(line, c) {
			return c, nil
		}
	}
	return ',', nil
}

// column returns the column that a header calls by the best of the names, or -1.
func column(header, names []string) int {
	best, at := len(names), -1
	for i, field := range header {
		if rank := rankOf(strings.TrimSpace(field), names); rank < best {
			best, at = rank, i
		}
	}
	return at
}
