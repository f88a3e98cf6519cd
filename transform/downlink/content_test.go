package downlink_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mayfly/transform/codec"
	"mayfly/transform/downlink"
)

// encoder gives the length of what it is asked to encode, and the port 9 unless one is asked for.
type encoder struct {
	out  codec.Encoded
	err  error
	data string
}

func (e *encoder) Encode(_ context.Context, in codec.Downlink) (codec.Encoded, error) {
	e.data = string(in.Data)
	return e.out, e.err
}

func TestContent(t *testing.T) {
	t.Parallel()
	encoded := codec.Encoded{Bytes: []byte{1, 2}, Port: 9}
	command := map[string]string{"method-name": "led"}
	for _, tt := range []struct {
		name       string
		body       string
		properties map[string]string
		with       downlink.Encoding
		codec      *encoder
		want, data string // bytes, or data for the cloud's codec
		port       int
		asked      string // of the codec
		fault      string
	}{
		{name: "bytes", body: "\x01\xff", want: "\x01\xff"},
		{name: "a port of its own", body: "x", properties: map[string]string{"fport": "7"},
			with: downlink.Encoding{Port: 1}, want: "x", port: 7},
		{name: "the usual port", body: "x", with: downlink.Encoding{Port: 3}, want: "x", port: 3},
		{name: "hex goes before the codec", body: `{"hex":"0a"}`, codec: &encoder{out: encoded}, want: "\n"},
		{name: "base64 goes before the cloud", body: `{"base64":"Cg=="}`, with: downlink.Encoding{Cloud: true},
			want: "\n"},
		{name: "an object", body: `{"on": true}`, codec: &encoder{out: encoded}, want: "\x01\x02", port: 9,
			asked: `{"on":true}`},
		{name: "a list", body: `[1, 2]`, codec: &encoder{out: encoded}, want: "\x01\x02", port: 9, asked: `[1,2]`},
		{name: "the message's port wins", body: `{}`, properties: map[string]string{"fPort": "2"},
			codec: &encoder{out: encoded}, want: "\x01\x02", port: 2, asked: "{}"},
		{name: "a command", body: `1.50`, properties: command, codec: &encoder{out: encoded}, want: "\x01\x02", port: 9,
			asked: `{"led":1.50}`},
		{name: "a command with a text", body: `red`, properties: command, codec: &encoder{out: encoded},
			want: "\x01\x02", port: 9, asked: `{"led":"red"}`},
		{name: "a command without a parameter", body: `@`, properties: command, codec: &encoder{out: encoded},
			want: "\x01\x02", port: 9, asked: `{"led":true}`},
		{name: "a command with an object", body: `{"led":1}`, properties: command, codec: &encoder{out: encoded},
			want: "\x01\x02", port: 9, asked: `{"led":1}`},
		{name: "bytes beside a codec", body: "\xff\x00", properties: command, codec: &encoder{out: encoded},
			want: "\xff\x00"},
		{name: "text beside a codec", body: "on", codec: &encoder{out: encoded}, want: "on"},
		{name: "the cloud encodes", body: `{"on":true}`, with: downlink.Encoding{Cloud: true, Port: 4},
			data: `{"on":true}`, port: 4},
		{name: "the cloud encodes a command", body: `red`, properties: command, with: downlink.Encoding{Cloud: true},
			data: `{"led":"red"}`},
		{name: "our codec goes before the cloud's", body: `{"on":true}`, with: downlink.Encoding{Cloud: true},
			codec: &encoder{out: encoded}, want: "\x01\x02", port: 9, asked: `{"on":true}`},

		{name: "an object without a codec", body: `{"on":true}`, fault: "codec with encodeDownlink"},
		{name: "a command alone", body: `@`, properties: command, fault: "codec with encodeDownlink"},
		{name: "nothing", fault: "no bytes"},
		{name: "no hex", body: `{"hex":"0"}`, fault: "not hexadecimal"},
		{name: "broken text in an object", body: "{\"a\":\"\xff\"}", codec: &encoder{out: encoded},
			fault: "encodeDownlink"},
		{name: "the codec throws", body: `{}`, codec: &encoder{err: &codec.Error{Kind: codec.Threw, Text: "no color"}},
			asked: "{}", fault: "no color"},
		{name: "the codec's errors", body: `{}`, codec: &encoder{out: codec.Encoded{Errors: []string{"a", "b"}}},
			asked: "{}", fault: "reports an error: a; b"},
		{name: "the codec gives nothing", body: `{}`, codec: &encoder{}, asked: "{}", fault: "no bytes"},
		{name: "243 bytes", body: strings.Repeat("x", 243), fault: "at most 242"},
		{name: "more than it takes", body: "123456789", with: downlink.Encoding{MaxBytes: 8}, fault: "at most 8"},
		{name: "port 224", body: "x", properties: map[string]string{"fport": "224"}, fault: "the port is 224"},
		{name: "no port", body: "x", properties: map[string]string{"fport": "a"}, fault: "fPort"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := downlink.Message{Body: []byte(tt.body), Properties: tt.properties}
			asked := &encoder{}
			if tt.codec != nil {
				asked, tt.with.Encoder = tt.codec, tt.codec
			}
			got, err := m.Content(t.Context(), tt.with)
			if asked.data != tt.asked {
				t.Errorf("the codec was asked for %s, want %s", asked.data, tt.asked)
			}
			if tt.fault != "" {
				if bad, ok := errors.AsType[*downlink.ContentError](err); !ok || !strings.Contains(bad.Text, tt.fault) {
					t.Errorf("got %v, want %q", err, tt.fault)
				}
				return
			}
			if err != nil || string(got.Bytes) != tt.want || string(got.Data) != tt.data || got.Port != tt.port {
				t.Errorf("got %q %s %d %v, want %q %s %d",
					got.Bytes, got.Data, got.Port, err, tt.want, tt.data, tt.port)
			}
		})
	}
	// No fault of the message.
	busy := &encoder{err: &codec.Error{Kind: codec.Unavailable, Text: "no worker"}}
	m := downlink.Message{Body: []byte("{}")}
	_, err := m.Content(t.Context(), downlink.Encoding{Encoder: busy})
	if _, bad := errors.AsType[*downlink.ContentError](err); err == nil || bad {
		t.Error("a codec that cannot be run:", err)
	}
}
