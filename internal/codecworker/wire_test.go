package codecworker

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"mayfly/transform/codec"
)

func frameOf(t testing.TB, message any) []byte {
	t.Helper()
	frame, err := appendFrame(&bytes.Buffer{}, message)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestReadFrame(t *testing.T) {
	whole := frameOf(t, &answer{Kind: "threw", Text: "x"})
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"whole", string(whole), nil},
		{"nothing", "", io.EOF},
		{"part of a header", "\x00\x00", io.ErrUnexpectedEOF},
		{"header alone", "\x00\x00\x00\x05", io.ErrUnexpectedEOF},
		{"part of a frame", string(whole[:len(whole)-1]), io.ErrUnexpectedEOF},
		{"empty", "\x00\x00\x00\x00", errFrame},
		{"too large", "\x00\x10\x00\x01" + strings.Repeat("x", 1<<20+1), errFrame},
		{"far too large", "\xff\xff\xff\xff", errFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readFrame(bufio.NewReader(strings.NewReader(tt.in)), nil, maxFrame)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if err == nil && !bytes.Equal(got, whole[headerBytes:]) {
				t.Errorf("%x", got)
			}
		})
	}
}

// FuzzAnswer reads what a worker might write. The parent must take no harm.
func FuzzAnswer(f *testing.F) {
	f.Add(frameOf(f, &answer{}))
	f.Add(frameOf(f, &answer{Kind: "timeout", Text: "late", Leaving: true}))
	f.Add(frameOf(f, &answer{Decoded: &decoded{
		Data: map[string]any{"a": 1, "b": []any{2.5, nil, "x"}}, Warnings: []string{"w"}, Normalized: []any{true},
	}}))
	f.Add([]byte("\x00\x00\x00\x01\xf6"))
	f.Fuzz(func(t *testing.T, in []byte) {
		content, err := readFrame(bufio.NewReader(bytes.NewReader(in)), nil, maxFrame)
		if err != nil {
			return
		}
		var a answer
		if decodeFrame(content, &a) != nil {
			return
		}
		out := a.Decoded.decoded()
		if _, err := appendFrame(&bytes.Buffer{}, &answer{Decoded: toDecoded(&out)}); err != nil {
			t.Errorf("it cannot be written again: %v", err)
		}
		_ = a.err()
	})
}

// FuzzRequest reads what a parent might write.
func FuzzRequest(f *testing.F) {
	script := []byte("function decodeUplink(i) { return {data: {n: i.bytes.length}} }")
	f.Add(frameOf(f, &request{Op: opLoad, Script: 1, Name: "x.js", Source: script}))
	in := toUplink(&codec.Uplink{Bytes: []byte{1}, Time: time.Unix(1, 0)})
	f.Add(frameOf(f, &request{Op: opRun, Script: 7, Uplink: in}))
	f.Add(frameOf(f, &request{Op: opRun, Script: 9}))
	f.Add(frameOf(f, &request{Op: 3}))
	f.Add(frameOf(f, &request{Op: opEncode, Script: 7, Downlink: &downlink{Data: []byte(`{"led":1}`), Port: 2}}))
	loaded, err := codec.InProcess{}.Load("x.js", script)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		content, err := readFrame(bufio.NewReader(bytes.NewReader(in)), nil, maxFrame)
		if err != nil {
			return
		}
		w := worker{
			engine: codec.InProcess{}, scripts: map[uint64]codec.Script{7: loaded},
			watch: &memoryWatch{memory: 1 << 40},
		}
		answer := w.answer(content)
		if _, err := appendFrame(&bytes.Buffer{}, answer); err != nil {
			t.Errorf("%v: %+v", err, answer)
		}
	})
}
