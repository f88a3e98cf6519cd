package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// hostile is one kind of attack.
type hostile struct {
	name, path, kind, encoding string
	body                       string
}

// config has sources whose expressions are the kind that a body can make slow or large.
const config = `sources:
  - name: times
    deviceId: '"d"'
    measurements: '{x: ("x" * .n)}'
  - name: loops
    deviceId: '"d"'
    measurements: '{x: [range(.n)]}'
  - name: scans
    deviceId: '"d"'
    measurements: '{x: [.s | scan("a")]}'
  - name: doubles
    deviceId: '"d"'
    measurements: '{x: (reduce range(40) as $i (.s; . + .))}'
`

// attacks lists them. Bodies have about 1 MB where size matters.
func attacks() []hostile {
	const size = 1_000_000
	fill := func(head, part, tail string) string { return head + strings.Repeat(part, size/len(part)) + tail }
	const json, cbor, msgpack = "application/json", "application/cbor", "application/msgpack"
	list := []hostile{
		{"objects", "/api/tts", json, "", fill("[", `{"a":1},`, "{}]")},
		{"nested objects", "/api/tts", json, "", fill("[[", `{"a":1},`, "{}]]")},
		{"numbers", "/api/tts", json, "", fill("[[", "1,", "1]]")},
		{"native objects", "/api/telemetry", json, "",
			fill("[", `{"device":{"deviceId":"d"},"measurements":{"a":1}},`, `{"device":{"deviceId":"d"}}]`)},
		{"properties", "/api/telemetry", json, "",
			`{"device":{"deviceId":"d"},"measurements":{},"properties":` + fill("{", `"a":1,`, `"b":1}}`)},
		{"members", "/api/devices/d/telemetry", json, "", fill("{", `"a":1,`, `"b":1}`)},
		{"CBOR", "/api/devices/d/telemetry", cbor, "", "\x9a\x00\x0f\x42\x40" + strings.Repeat("\x80", size)},
		{"MessagePack", "/api/devices/d/telemetry", msgpack, "", strings.Repeat("\xdf\x00\x03\xd0\x90\x01", 90)},
		{"CSV", "/api/devices/d/telemetry", "text/csv", "",
			strings.Repeat("n", size/2) + "\n" + strings.Repeat("1\n", 4900)},
		{"cells", "/api/devices/d/telemetry", "text/csv", "", fill("", ",", "")},
		{"form", "/api/devices/d/telemetry", "application/x-www-form-urlencoded", "", fill("a=1", "&b=2", "")},
		{"XML", "/api/devices/d/telemetry", "application/xml", "", fill("<r>", "<a/>", "</r>")},
		{"attributes", "/api/devices/d/telemetry", "application/xml", "", fill("<r ", `a="" `, "/>")},
		{"SenML", "/api/devices/d/telemetry", "application/senml+json", "",
			`[{"bn":"` + strings.Repeat("n", size/2) + `"}` + strings.Repeat(`,{"n":"a","v":1}`, 9000) + "]"},
		{"particle", "/api/particle", json, "", `{"coreid":"0123456789abcdef01234567","event":"e","data":"` +
			fill("[", "[],", "[]]") + `"}`},
		{"objenious", "/api/objenious", json, "", `{"device_id":1,` + numbered(20_000) + `"payload":` +
			strings.Replace(fill("[", `{"timestamp":1,"data":{}},`, "{}]"), `"timestamp":1`, `"timestamp":2`, 1) + "}"},
		{"times", "/api/times", json, "", `{"n":1000000000}`},
		{"loops", "/api/loops", json, "", `{"n":1000000000}`},
		{"scans", "/api/scans", json, "", `{"s":"` + fill("", "ab", "") + `"}`},
		{"doubles", "/api/doubles", json, "", `{"s":"abcdefgh"}`},
		{"bomb", "/api/telemetry", json, "gzip", zipped(strings.Repeat("[", 100<<20))},
		{"zipped objects", "/api/tts", json, "gzip", zipped(fill("[[", `{"a":1},`, "{}]]"))},
		{"zstd window", "/api/telemetry", json, "zstd", "\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00"},
	}
	return list
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d":1,`, i)
	}
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes all
	_ = w.Close()
	return b.String()
}
