package entry_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/function/internal/queue/entry"
	"mayfly/transform/message"
)

var accepted = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func codec(keys ...string) *entry.Codec {
	c := &entry.Codec{HasFleet: func(name string) bool { return name == "" || name == "north" }}
	if len(keys) > 0 {
		c.Keys = func(context.Context) ([][]byte, error) {
			var all [][]byte
			for _, key := range keys {
				all = append(all, []byte(key))
			}
			return all, nil
		}
	}
	return c
}

func full() *entry.Entry {
	return &entry.Entry{Source: "tts", Caller: "ops", Accepted: accepted, Message: message.Message{
		DeviceID: "sensor-1", SecretID: true, ModelID: "dtmi:example:Thermostat;1", GatewayID: "gw.1", Fleet: "north",
		Component: "probe", MessageID: "m-1", Correlates: "c-1", Time: accepted.Add(-time.Minute),
		Properties: map[string]string{"site": "<a&b>\u2028é"}, Body: []byte(`{"t":21.500000000000000001,"s":"<&>"}`),
	}}
}

func TestRoundTrip(t *testing.T) {
	for name, c := range map[string]*entry.Codec{"unsigned": codec(), "signed": codec("k1", "k0")} {
		t.Run(name, func(t *testing.T) {
			data, err := c.Encode(t.Context(), full())
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Decode(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(full(), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestVersion1 reads what the first release wrote: later ones have to read it.
func TestVersion1(t *testing.T) {
	const old = `{"v":1,"entry":{"source":"device","accepted":"2026-11-28T12:00:00Z","device":"sensor-1",` +
		`"messageId":"m-1","properties":{"site":"a"},"body":{"t":1.50}}}`
	got, err := codec().Decode(t.Context(), []byte(old))
	if err != nil {
		t.Fatal(err)
	}
	want := &entry.Entry{Source: "device", Accepted: accepted, Message: message.Message{
		DeviceID: "sensor-1", MessageID: "m-1", Properties: map[string]string{"site": "a"}, Body: []byte(`{"t":1.50}`),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	const plain = `{"v":1,"entry":{"source":"device","accepted":"2026-11-28T12:00:00Z","device":"sensor-1",` +
		`"messageId":"m-1","properties":{"site":"a"},"body":{"t":1}}}`
	swap := func(old, with string) string {
		if !strings.Contains(plain, old) {
			t.Fatal("not there: " + old)
		}
		return strings.Replace(plain, old, with, 1)
	}
	for name, c := range map[string]struct {
		data string
		want entry.Kind
	}{
		"empty":                {``, entry.Malformed},
		"no version":           {swap(`"v":1,`, ``), entry.Malformed},
		"version 0":            {swap(`"v":1`, `"v":0`), entry.Malformed},
		"newer version":        {swap(`"v":1`, `"v":2`), entry.Future},
		"newer, other members": {`{"v":7,"blob":"x"}`, entry.Future},
		"cut":                  {plain[:len(plain)-9], entry.Malformed},
		"type":                 {swap(`"sensor-1"`, `17`), entry.Malformed},
		"too large":            {swap(`{"t":1}`, `{"t":"`+strings.Repeat("x", entry.MaxBytes)+`"}`), entry.Malformed},
		"device":               {swap(`sensor-1`, `../sensor`), entry.Invalid},
		"no device":            {swap(`"device":"sensor-1",`, ``), entry.Invalid},
		"no message id":        {swap(`"messageId":"m-1",`, ``), entry.Invalid},
		"message id":           {swap(`"m-1"`, `"m 1\r\nX: y"`), entry.Invalid},
		"fleet":                {swap(`"device":`, `"fleet":"south","device":`), entry.Invalid},
		"component":            {swap(`"device":`, `"component":"a-b","device":`), entry.Invalid},
		"gateway":              {swap(`"device":`, `"gatewayId":"a/b","device":`), entry.Invalid},
		"model":                {swap(`"device":`, `"modelId":"x","device":`), entry.Invalid},
		"correlation":          {swap(`"device":`, `"correlates":"a b","device":`), entry.Invalid},
		"property name":        {swap(`"site"`, `"a b"`), entry.Invalid},
		"property of the hub":  {swap(`"site"`, `"iothub-creation-time-utc"`), entry.Invalid},
		"property twice":       {swap(`"site":"a"`, `"site":"a","Site":"b"`), entry.Invalid},
		"body is a list":       {swap(`{"t":1}`, `[1]`), entry.Invalid},
		"body is missing":      {swap(`,"body":{"t":1}`, ``), entry.Invalid},
		"body is deep": {
			swap(`{"t":1}`, strings.Repeat(`{"t":`, 300)+`1`+strings.Repeat(`}`, 300)), entry.Invalid,
		},
		"accepted is missing": {swap(`"accepted":"2026-11-28T12:00:00Z",`, ``), entry.Invalid},
		"time ahead":          {swap(`"device":`, `"time":"2026-12-28T12:00:00Z","device":`), entry.Invalid},
		"source":              {swap(`"device","acc`, `"","acc`), entry.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := codec().Decode(t.Context(), []byte(c.data))
			wrong, ok := errors.AsType[*entry.Error](err)
			if !ok || wrong.Kind != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestSignature(t *testing.T) {
	signed := func(c *entry.Codec) string {
		data, err := c.Encode(t.Context(), full())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	data := signed(codec("k1"))
	for name, c := range map[string]struct {
		codec *entry.Codec
		data  string
		want  entry.Kind // empty: it is read
	}{
		"the key":              {codec("k1"), data, ""},
		"the key before":       {codec("k2", "k1"), data, ""},
		"nobody checks":        {codec(), data, ""},
		"another key":          {codec("k2"), data, entry.Unsigned},
		"no signature":         {codec("k1"), signed(codec()), entry.Unsigned},
		"another device":       {codec("k1"), strings.Replace(data, "sensor-1", "sensor-2", 1), entry.Unsigned},
		"another value":        {codec("k1"), strings.Replace(data, "21.5", "31.5", 1), entry.Unsigned},
		"signature of nothing": {codec("k1"), strings.Replace(data, `"hmac":"`, `"hmac":"00`, 1), entry.Unsigned},
		"entry twice": {
			codec("k1"), strings.Replace(data, `,"hmac"`, `,"entry":{},"hmac"`, 1), entry.Unsigned,
		},
		"newer versions remain": {codec("k2"), strings.Replace(data, `{"v":1`, `{"v":2`, 1), entry.Future},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.codec.Decode(t.Context(), []byte(c.data))
			wrong, _ := errors.AsType[*entry.Error](err)
			if (err == nil) != (c.want == "") || wrong != nil && wrong.Kind != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRotatedKey(t *testing.T) {
	data, _ := codec("new").Encode(t.Context(), full())
	c := codec("old")
	c.Refresh = func(context.Context) { c.Keys = codec("new").Keys }
	if _, err := c.Decode(t.Context(), data); err != nil {
		t.Error("the key was not read again:", err)
	}
}

func TestStoreOfKeysFails(t *testing.T) {
	down := errors.New("store is down")
	c := codec()
	data, _ := c.Encode(t.Context(), full())
	c.Keys = func(context.Context) ([][]byte, error) { return nil, down }
	if _, err := c.Encode(t.Context(), full()); !errors.Is(err, down) {
		t.Error("encode:", err)
	}
	signed, _ := codec("k").Encode(t.Context(), full())
	if _, err := c.Decode(t.Context(), signed); !errors.Is(err, down) {
		t.Error("decode:", err)
	}
	if _, err := c.Decode(t.Context(), data); errors.Is(err, down) {
		t.Error("an entry without a signature needs no key")
	}
}

func TestNames(t *testing.T) {
	a, b := full().Message, full().Message
	b.Fleet = ""
	if entry.Key(&a) != "north/sensor-1" || entry.Key(&b) != "sensor-1" {
		t.Error(entry.Key(&a), entry.Key(&b))
	}
	if entry.ID(&a) == entry.ID(&b) || len(entry.ID(&a)) != 32 {
		t.Error(entry.ID(&a), entry.ID(&b))
	}
}

func FuzzDecode(f *testing.F) {
	plain, _ := codec().Encode(f.Context(), full())
	signed, _ := codec("k").Encode(f.Context(), full())
	for _, seed := range []string{string(plain), string(signed), `{"v":2}`, `{"v":1,"entry":null}`, `{}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := codec()
		got, err := c.Decode(t.Context(), data)
		if err != nil {
			if _, ok := errors.AsType[*entry.Error](err); !ok {
				t.Fatalf("not an entry.Error: %v", err)
			}
			return
		}
		again, err := c.Encode(t.Context(), got)
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		if !json.Valid(again) {
			t.Fatalf("not JSON: %s", again)
		}
	})
}
