package media_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media"
)

// The same telemetry is the same value in every format.
func TestDecodeSameInEveryFormat(t *testing.T) {
	t.Parallel()
	const want = `{"id":"dev-7","level":12.5,"n":300,"ok":true,"raw":"AQI=","tags":["x",null]}`
	for mediaType, text := range map[string]string{
		"application/json":    hex.EncodeToString([]byte(want)),
		"application/cbor":    "a6 626964 656465762d37 656c6576656c f94a40 616e 19012c 626f6b f5 63726177 420102 6474616773 82 6178 f6",
		"application/msgpack": "86 a26964 a56465762d37 a56c6576656c ca41480000 a16e cd012c a26f6b c3 a3726177 c4020102 a474616773 92 a178 c0",
	} {
		got, err := media.Decode(request(mediaType, string(unhex(t, text))), media.Reading{})
		if err != nil {
			t.Errorf("%s: %v", mediaType, err)
			continue
		}
		sameJSON(t, want, got)
	}
}

// SenML is the same in JSON and in CBOR, whose labels are integers.
func TestDecodeSenMLInCBOR(t *testing.T) {
	t.Parallel()
	const text = `[{"bn":"urn:dev:9:","bt":1700000000,"n":"t","u":"Cel","v":21.5},{"n":"open","vb":true},{"n":"tag","vs":"a"},{"n":"raw","vd":"-_8"}]`
	want, err := media.Decode(request("application/senml+json", text), media.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	binary := "84 a5 21 6a75726e3a6465763a393a 22 1a6553f100 00 6174 01 6343656c 02 f94d60 a2 00 646f70656e 04 f5 a2 00 63746167 03 6161 a2 00 63726177 08 42fbff"
	for _, mediaType := range []string{"application/senml+cbor", "application/sensml+cbor; charset=utf-8"} {
		got, err := media.Decode(request(mediaType, string(unhex(t, binary))), media.Reading{Format: media.FormatSenML})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(mustJSON(t, want), mustJSON(t, got)); diff != "" {
			t.Errorf("%s (-json +cbor):\n%s", mediaType, diff)
		}
	}
}

func FuzzDecode(f *testing.F) {
	medias := []string{"application/json", "application/x-ndjson", "application/x-www-form-urlencoded", "multipart/form-data; boundary=X", "text/csv", "application/cbor",
		"application/cbor-seq", "application/msgpack", "application/senml+json", "application/senml+cbor", "application/cloudevents+json", "application/xml", "text/plain", "application/octet-stream", ""}
	for i, seed := range []string{`{"a":[1.50,"x",null]}`, "{}\n{}", "a=1&b=%7b", "--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--X--", "a;b\n1,5;2", "\xa1\x61a\xf9\x4d\x60",
		"\x01\xc1\x00", "\x81\xa1a\xd6\xff\x65\x53\xf1\x00", `[{"bn":"d","bt":1e9,"n":"t","t":-5,"v":1.5}]`, "\x81\xa2\x21\x61d\x02\x01", `{"data_base64":"AQI="}`, "<a b='1'><c/>x</a>", "x", "\xff", "m,t=1 f=2i 3"} {
		f.Add(uint8(i), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, mediaType uint8, body []byte) {
		r := request(medias[int(mediaType)%len(medias)], string(body))
		format := media.Format("")
		if int(mediaType)%len(medias) == len(medias)-1 && mediaType > 100 {
			format = media.FormatInflux
		}
		value, err := media.Decode(r, media.Reading{Format: format})
		if err != nil {
			wantKind(t, err)
			return
		}
		if _, err := json.Marshal(value); err != nil {
			t.Fatalf("%v cannot be written: %v", value, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, bm := range []struct{ name, media, body string }{
		{"JSON", "application/json", `{"deviceId":"dev-1","ts":1700000000,"temp":21.5,"hum":48,"ok":true,"tags":["a","b"]}`},
		{"form", "application/x-www-form-urlencoded", "deviceId=dev-1&ts=1700000000&temp=21.5&hum=48&ok=true"},
		{"CSV", "text/csv", "deviceId,ts,temp,hum,ok\ndev-1,1700000000,21.5,48,true\n"},
		{"CBOR", "application/cbor", string(unhex(b, "a3 62 7473 1a 6553f100 64 74656d70 fb 4035800000000000 63 68756d 1830"))},
		{"SenML", "application/senml+json", `[{"bn":"urn:dev:1:","bt":1700000000,"n":"temp","u":"Cel","v":21.5},{"n":"hum","u":"%RH","v":48}]`},
		{"XML", "application/xml", "<m><deviceId>dev-1</deviceId><temp>21.5</temp><hum>48</hum></m>"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := request(bm.media, bm.body)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := media.Decode(r, media.Reading{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
