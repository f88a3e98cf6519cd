package media_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media"
	"mayfly/transform/message"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const ndjson = "{\"a\":1}\n{\"a\":2}\n"
	tests := []struct {
		name, media, body string
		format            media.Format
		want              string
	}{
		{"JSON", "application/json", `{"a":1.50,"b":[true,null,"x"]}`, "", `{"a":1.50,"b":[true,null,"x"]}`},
		{"no media type", "", ` {"a":1}`, "", `{"a":1}`},
		{"JSON called text", "text/plain", `{"a":1}`, "", `{"a":1}`},
		{"JSON called a form", "application/x-www-form-urlencoded", `{"a":1}`, "", `{"a":1}`},
		{"JSON called bytes", "application/octet-stream", `[1]`, "", `[1]`},
		{"JSON called XML", "text/xml", `{"a":1}`, "", `{"a":1}`},
		{"NDJSON", "application/x-ndjson", ndjson, "", `[{"a":1},{"a":2}]`},
		{"NDJSON of one", "application/x-ndjson", `{"a":1}`, "", `[{"a":1}]`},
		{"NDJSON called JSON", "application/json", ndjson, "", `[{"a":1},{"a":2}]`},
		{"a number alone", "", "21.5", "", `21.5`},
		{"form", "application/x-www-form-urlencoded", "id=007&t=21.5&x=a+b%20c&e=", "", `{"id":"007","t":"21.5","x":"a b c","e":""}`},
		{"form, a name twice", "application/x-www-form-urlencoded", "cell=1&cell=2&&cell=3", "", `{"cell":["1","2","3"]}`},
		{"form without a media type", "", "id=1&t=2", "", `{"id":"1","t":"2"}`},
		{"form called text", "text/plain", "id=1&t=2", "", `{"id":"1","t":"2"}`},
		{"form with spaces that nobody escaped", "", "id=1&at=2024-02-08 10: 36: 28\r\n", "", `{"id":"1","at":"2024-02-08 10: 36: 28"}`},
		{"text that has an equals sign", "text/plain", "t=5", "", `"t=5"`},
		{"a form that is JSON", "application/x-www-form-urlencoded", "%7B%22device%22%3A%2212AB%22%2C%22n%22%3A1%7D=", "", `{"device":"12AB","n":1}`},
		{"text", "text/plain; charset=utf-8", "temp is 5", "", `"temp is 5"`},
		{"text without a media type", "", "temp is 5", "", `"temp is 5"`},
		{"bytes", "application/octet-stream", "\x01\x02\xff", "", `"AQL/"`},
		{"bytes that begin as JSON", "application/octet-stream", "{\xff\xfe", "", `"e//+"`},
		{"CSV with a header", "text/csv", "time,temp,ok,id\n2026-01-01T00:00:00Z,21.50,true,007\n,5,,\n", "",
			`[{"time":"2026-01-01T00:00:00Z","temp":21.50,"ok":true,"id":"007"},{"temp":5}]`},
		{"CSV without a header", "text/csv", "21.5, 48, 47.64, -122.13\n", "", `[[21.5,48,47.64,-122.13]]`},
		{"CSV that says so", "text/csv; header=absent", "a,b\nc,d", "", `[["a","b"],["c","d"]]`},
		{"CSV of Europe", "text/csv", "Ort;Temperatur;Text\r\nBad;21,5;\"a;b\"\r\nSee;-3;1,2,3\r\n", "", `[{"Ort":"Bad","Temperatur":21.5,"Text":"a;b"},{"Ort":"See","Temperatur":-3,"Text":"1,2,3"}]`},
		{"CSV with tabs", "text/tab-separated-values", "a\tb\n1\t2\n", "", `[{"a":1,"b":2}]`},
		{"XML", "application/xml", `<?xml version="1.0"?><x:Root xmlns:x="urn:y" v="1"><A>5</A><B/><C u="m"> 7 </C><D>1</D><D>2</D><E><F>a&amp;b</F></E></x:Root>`, "",
			`{"Root":{"@v":"1","A":"5","B":null,"C":{"@u":"m","#text":"7"},"D":["1","2"],"E":{"F":"a&b"}}}`},
		{"XML called text", "text/plain", `<a>1</a>`, "", `{"a":"1"}`},
		{"XML in ISO 8859-1", "application/xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>", "", `{"a":"é"}`},
		{"influx", "text/plain", "weather,location=us-midwest,s\\ t=a\\,b temperature=82,humidity=71i,u=7u,ok=t,s=\"a \\\"q\\\"\" 1465839830100400200\nm f=-1.50e3", media.FormatInflux,
			`[{"measurement":"weather","tags":{"location":"us-midwest","s t":"a,b"},"fields":{"temperature":82,"humidity":71,"u":7,"ok":true,"s":"a \"q\""},"time":"2016-06-13T17:43:50.1004002Z"},
			{"measurement":"m","tags":{},"fields":{"f":-1.50e3}}]`},
		{"CloudEvent", "application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"/d","type":"t","data":{"a":1}}`, "", `{"specversion":"1.0","id":"1","source":"/d","type":"t","data":{"a":1}}`},
		{"CloudEvent with bytes", "application/cloudevents+json", `{"id":"1","datacontenttype":"application/octet-stream","data_base64":"A2c="}`, "", `{"id":"1","datacontenttype":"application/octet-stream","data_base64":"A2c=","data":"A2c="}`},
		{"CloudEvent with JSON in bytes", "application/cloudevents+json", `{"id":"1","datacontenttype":"application/json","data_base64":"eyJhIjoxfQ=="}`, "", `{"id":"1","datacontenttype":"application/json","data":{"a":1}}`},
		{"CloudEvent with text in bytes", "application/cloudevents+json", `{"id":"1","datacontenttype":"text/plain","data_base64":"b24"}`, "", `{"id":"1","datacontenttype":"text/plain","data":"on"}`},
		{"CloudEvent with XML as a text", "application/cloudevents+json", `{"id":"1","datacontenttype":"application/xml","data":"<t>5</t>"}`, "", `{"id":"1","datacontenttype":"application/xml","data":{"t":"5"}}`},
		{"CloudEvent with a JSON text", "application/cloudevents+json", `{"id":"1","datacontenttype":"application/json","data":"<t>5</t>"}`, "", `{"id":"1","datacontenttype":"application/json","data":"<t>5</t>"}`},
		{"CloudEvent with bytes of no type", "application/cloudevents+json", `{"id":"1","data_base64":"A2cBEA=="}`, "", `{"id":"1","data":"A2cBEA==","data_base64":"A2cBEA=="}`},
		{"CloudEvent called JSON", "application/json", `{"id":"1","datacontenttype":"text/csv","data_base64":"dAoxCg=="}`, media.FormatCloudEvent, `{"id":"1","datacontenttype":"text/csv","data":[{"t":1}]}`},
		{"no CloudEvents", "application/cloudevents-batch+json", ` [ ] `, "", `[]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &message.Request{Body: []byte(tt.body), Header: map[string][]string{}}
			if tt.media != "" {
				r.Header["Content-Type"] = []string{tt.media}
			}
			got, err := media.Decode(r, media.Reading{Format: tt.format})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, tt.want, got)
		})
	}
}

// wantDecodeError checks the kind of an error, and parts of its text.
func wantDecodeError(t *testing.T, err error, kind message.Kind, says []string) {
	t.Helper()
	wantKind(t, err)
	if bad, ok := errors.AsType[*message.Error](err); ok && bad.Kind != kind {
		t.Errorf("kind %d, want %d: %v", bad.Kind, kind, err)
	}
	for _, part := range says {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in the error: %v", part, err)
		}
	}
}

// wantKind checks that an error is one of a body.
func wantKind(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*message.Error](err); !ok {
		t.Fatalf("got %v, want a *message.Error", err)
	}
}

// sameJSON compares a value with JSON, digits and all.
func sameJSON(t *testing.T, want string, got any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(want))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(value, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeBinary(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, media, body, want string }{
		{"map", "application/cbor", "a2 6161 01 6162 82 f5 f6", `{"a":1,"b":[true,null]}`},
		{"floats", "application/cbor", "83 f9 4d60 fa 41ac0000 fb 4035800000000000", `[21.5,21.5,21.5]`},
		{"floats that JSON has not", "application/cbor", "83 f97e00 f97c00 f7", `[null]`},
		{"members that JSON has not", "application/cbor", "a2 6161 f97e00 6162 01", `{"b":1}`},
		{"MessagePack floats that JSON has not", "application/msgpack", "82 a161 ca7fc00000 a162 92 cb7ff0000000000000 01", `{"b":[1]}`},
		{"large integers", "application/cbor", "84 1bffffffffffffffff 3bffffffffffffffff c2 49 010000000000000000 c3 41 02", `[18446744073709551615,-18446744073709551616,18446744073709551616,-3]`},
		{"times", "application/cbor", "83 c1 1a 65 53 f1 00 c0 74 32303133 2d30332d 32315432 303a3034 3a30305a c1 fb 41d9 54fc 4020 0000", `["2023-11-14T22:13:20Z","2013-03-21T20:04:00Z","2023-11-14T22:13:20.5Z"]`},
		{"bytes", "application/cbor", "42 0102", `"AQI="`},
		{"bytes and text in parts", "application/cbor", "82 5f 41 01 41 02 ff 7f 61 61 61 62 ff", `["AQI=","ab"]`},
		{"without lengths", "application/cbor", "bf 6161 9f 01 02 ff ff", `{"a":[1,2]}`},
		{"keys that are numbers", "application/cbor", "a3 01 02 20 03 41 01 04", `{"1":2,"-1":3,"AQ==":4}`},
		{"other tags", "application/cbor", "d9 d9f7 a1 6161 d8 20 63 783a79", `{"a":"x:y"}`},
		{"sequence of parts", "application/cbor-seq", "5f 41 01 41 02 ff 9f ff bf ff", `["AQI=",[],{}]`},
		{"sequence", "application/cbor-seq", "01 a1 6161 02", `[1,{"a":2}]`},
		{"MessagePack", "application/msgpack", "87 a1 61 01 a1 62 93 c3 c0 e0 a1 63 cb 4035800000000000 a1 64 ca 41ac0000 a1 65 c4 02 01 02 a1 66 cf ffffffffffffffff a1 67 d3 8000000000000000",
			`{"a":1,"b":[true,null,-32],"c":21.5,"d":21.5,"e":"AQI=","f":18446744073709551615,"g":-9223372036854775808}`},
		{"MessagePack times", "application/x-msgpack", "93 d6ff 6553f100 d7ff 7735940 06553f100 c7 0c ff 1dcd6500 00000000 6553f100", `["2023-11-14T22:13:20Z","2023-11-14T22:13:20.5Z","2023-11-14T22:13:20.5Z"]`},
		{"MessagePack extension", "application/msgpack", "d4 05 07", `{"type":5,"data":"Bw=="}`},
		{"MessagePack keys", "application/msgpack", "81 01 02", `{"1":2}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := media.Decode(request(tt.media, string(unhex(t, tt.body))), media.Reading{})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, tt.want, got)
		})
	}
}

func request(mediaType, body string) *message.Request {
	return &message.Request{Header: map[string][]string{"Content-Type": {mediaType}}, Query: map[string][]string{}, Body: []byte(body)}
}

// Every format may be nested as deep as JSON.
func TestDecodeDeep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ media, open, inner, end string }{
		{"application/json", "[", "1", "]"}, {"application/cbor", "\x81", "\x01", ""}, {"application/msgpack", "\x91", "\x01", ""},
	} {
		for depth, fine := range map[int]bool{100: true, 101: false} {
			body := strings.Repeat(tt.open, depth) + tt.inner + strings.Repeat(tt.end, depth)
			if _, err := media.Decode(request(tt.media, body), media.Reading{}); (err == nil) != fine {
				t.Errorf("%s, %d deep: %v", tt.media, depth, err)
			}
		}
	}
}

func TestDecodeMultipart(t *testing.T) {
	t.Parallel()
	body := strings.ReplaceAll(`--XX
Content-Disposition: form-data; name="temp"

21.5
--XX
Content-Disposition: form-data; name="meta"
Content-Type: application/json

{"n":1}
--XX
Content-Disposition: form-data; name="raw"; filename="x.bin"

`+"\xff\x00"+`
--XX--
`, "\n", "\r\n")
	got, err := media.Decode(request("multipart/form-data; boundary=XX", body), media.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, `{"temp":"21.5","meta":{"n":1},"raw":"/wA="}`, got)
}

func TestDecodeCloudEventBinary(t *testing.T) {
	t.Parallel()
	r := request("application/json", `{"temp":21.5}`)
	r.Header["Ce-Specversion"], r.Header["Ce-Id"], r.Header["Ce-Source"] = []string{"1.0"}, []string{"1"}, []string{"/dev-1"}
	r.Header["Ce-Subject"], r.Header["X-Other"] = []string{"sensor%20%E2%82%AC"}, []string{"x"}
	got, err := media.Decode(r, media.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, `{"specversion":"1.0","id":"1","source":"/dev-1","subject":"sensor €","datacontenttype":"application/json","data":{"temp":21.5}}`, got)
}

func TestDecodeCSVAsked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query, body string
		csv               media.CSV
		want              string
	}{
		{"columns", "columns=t,h", "21.5,48\n22,49", media.CSV{}, `[{"t":21.5,"h":48},{"t":22,"h":49}]`},
		{"columns of the source", "", "21.5,48", media.CSV{Columns: []string{"t", "h"}}, `[{"t":21.5,"h":48}]`},
		{"other names than the header", "columns=t,h&header=yes", "temp,hum\n21.5,48", media.CSV{}, `[{"t":21.5,"h":48}]`},
		{"a header of numbers", "header=yes", "1,2\n3,4", media.CSV{}, `[{"1":3,"2":4}]`},
		{"delimiter", "delimiter=|", "a|b\n1|2,5", media.CSV{}, `[{"a":1,"b":2.5}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request("text/csv", tt.body)
			var err error
			if r.Query, err = url.ParseQuery(tt.query); err != nil {
				t.Fatal(err)
			}
			got, err := media.Decode(r, media.Reading{CSV: tt.csv})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, tt.want, got)
		})
	}
}

func TestDecodeSenML(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 500e6, time.UTC) // 1767225600.5
	tests := []struct{ name, body, want string }{
		{"base values", `[{"bn":"urn:dev:1:","bt":1276020076.001,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","v":1.7}]`,
			`[{"n":"urn:dev:1:voltage","u":"V","t":1276020076.001,"v":120.1},{"n":"urn:dev:1:current","u":"A","t":1276020071.001,"v":1.2},{"n":"urn:dev:1:current","u":"A","t":1276020076.001,"v":1.7}]`},
		{"kinds", `[{"bn":"d:","n":"a","vs":"x"},{"n":"b","vb":false},{"n":"c","vd":"aGkgCg"},{"n":"e","s":5,"ut":30}]`,
			`[{"n":"d:a","vs":"x"},{"n":"d:b","vb":false},{"n":"d:c","vd":"aGkgCg"},{"n":"d:e","s":5,"ut":30}]`},
		{"relative times", `[{"n":"a","v":1,"t":-10},{"n":"a","v":2}]`, `[{"n":"a","t":1767225590.5,"v":1},{"n":"a","v":2}]`},
		{"base value and sum", `[{"bn":"d","bv":100.01,"bs":2,"v":0.02},{"v":-1,"s":1}]`, `[{"n":"d","v":100.03,"s":2},{"n":"d","v":99.01,"s":3}]`},
		{"other fields", `[{"n":"a","v":1,"x":{"y":1}}]`, `[{"n":"a","v":1,"x":{"y":1}}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request("application/senml+json", tt.body)
			r.Received = now
			got, err := media.Decode(r, media.Reading{})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, tt.want, got)
		})
	}
	for name, body := range map[string]string{
		"no array": `5`, "no object": `[5]`, "no name": `[{"v":1}]`, "two values": `[{"n":"a","v":1,"vs":"x"}]`, "must be understood": `[{"n":"a","v":1,"x_":1}]`,
		"a later version": `[{"bver":11,"n":"a","v":1}]`, "text for a number": `[{"n":"a","v":"1"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := media.Decode(request("application/senml+json", body), media.Reading{})
			wantDecodeError(t, err, message.Invalid, nil)
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, media, body string
		format            media.Format
		says              []string
	}{
		{"form", "application/x-www-form-urlencoded", "a=1&b=%zz", "", []string{"column 5", "offset 4", "%zz"}},
		{"empty form", "application/x-www-form-urlencoded", " ", "", []string{"empty"}},
		{"CSV", "text/csv", "a,b\n1,2\n\"x\"y,3", "", []string{"line 3"}},
		{"CSV row too long", "text/csv", "a,b\n1,2\n1,2,3", "", []string{"line 3", "more cells"}},
		{"text", "text/plain", "a\n\xff", "", []string{"line 2, column 1", "UTF-8"}},
		{"CBOR cut off", "application/cbor", "\xa2\x61a\x01\x61", "", []string{"offset 5", "unexpected end"}},
		{"CBOR, no such byte", "application/cbor", "\x82\x01\x1c", "", []string{"offset 0", "28"}},
		{"CBOR with more", "application/cbor", "\x01\x02", "", []string{"offset 1"}},
		{"CBOR that lies about its length", "application/cbor", "\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "", []string{"number of elements"}},
		{"CBOR text that is none", "application/cbor", "\x61\xff", "", []string{"offset 0", "UTF-8"}},
		{"CBOR nested one too deep", "application/cbor", strings.Repeat("\x81", 101) + "\x01", "", []string{"nested deeper than 100"}},
		{"CBOR map without a value", "application/cbor", "\xa1\x01", "", []string{"offset 2", "unexpected end"}},
		{"CBOR sequence cut off", "application/cbor-seq", "\x01\x82\x01", "", []string{"offset 3", "unexpected end"}},
		{"CBOR break", "application/cbor-seq", "\x01\xff", "", []string{"offset 1"}},
		{"CBOR nested", "application/cbor", strings.Repeat("\x81", 1000) + "\x01", "", []string{"nested deeper"}},
		{"CBOR of tags", "application/cbor", strings.Repeat("\xc6", 100_000), "", []string{"nested deeper"}},
		{"MessagePack cut off", "application/msgpack", "\x92\x01", "", []string{"offset 2", "unexpected end"}},
		{"MessagePack, no such byte", "application/msgpack", "\x92\x01\xc1", "", []string{"offset 2", "0xc1"}},
		{"MessagePack with more", "application/msgpack", "\x01\x02", "", []string{"offset 1"}},
		{"MessagePack that lies", "application/msgpack", "\xdf\x7f\xff\xff\xff", "", []string{"unexpected end"}},
		{"MessagePack nested", "application/msgpack", strings.Repeat("\x91", 100_000), "", []string{"nested deeper"}},
		{"XML", "application/xml", "<a>\n<b></a>", "", []string{"line 2", "offset"}},
		{"XML with a document type", "application/xml", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "", []string{"document type"}},
		{"XML entity", "application/xml", `<a>&b;</a>`, "", []string{"entity"}},
		{"XML nested", "application/xml", strings.Repeat("<a>", 10_000), "", []string{"nested deeper"}},
		{"XML twice", "application/xml", `<a/><b/>`, "", []string{"second root"}},
		{"influx", "", "weather temp=1\nweather temp=", media.FormatInflux, []string{"line 2, column"}},
		{"influx without fields", "", "weather,a=b 17", media.FormatInflux, []string{"line 1"}},
		{"multipart without a boundary", "multipart/form-data", "x", "", []string{"boundary"}},
		{"multipart cut off", "multipart/form-data; boundary=X", "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "", []string{"part 1"}},
		{"SenML", "application/senml+json", `[{"n":]`, "", []string{"column 7"}},
		{"CloudEvent", "application/cloudevents+json", `{"data_base64":"%"}`, "", []string{"data_base64"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request(tt.media, tt.body)
			_, err := media.Decode(r, media.Reading{Format: tt.format})
			wantDecodeError(t, err, message.Malformed, tt.says)
		})
	}
}

func TestDecodeUnsupported(t *testing.T) {
	t.Parallel()
	for _, mediaType := range []string{"image/png", "application/x-protobuf", "application/zip"} {
		_, err := media.Decode(request(mediaType, "x"), media.Reading{})
		wantDecodeError(t, err, message.Unsupported, nil)
	}
}
