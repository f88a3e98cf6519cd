package media_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"mayfly/transform/media"
	"mayfly/transform/message"
)

// What is large is refused or read, in bounded time and memory.
func TestDecodeLarge(t *testing.T) {
	const size = 1 << 20
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (size-len(head)-len(tail))/len(part)) + tail
	}
	for _, tt := range []struct {
		name, media, body string
		format            media.Format
	}{
		{"empty objects", "application/json", fill("[[", "{},", "{}]]"), ""},
		{"small objects in a list", "application/json", fill("[", `{"a":1},`, "{}]"), ""},
		{"strings", "application/json", fill("[[", `"abcdefg",`, `""]]`), ""},
		{"members", "application/json", fill("{", `"a":1,`, `"b":1}`), ""},
		{"different members", "application/json", "{" + numbered(80_000, `"%d":1,`) + `"b":1}`, ""},
		{"different fields", "", "m a=1" + numbered(80_000, `,a%d=1`), media.FormatInflux},
		{"CBOR members", "application/cbor", "\xba\x00\x01\x38\x80" + numbered(80_000, "\x65%05d\x01"), ""},
		{"MessagePack members", "application/msgpack", "\xdf\x00\x01\x38\x80" + numbered(80_000, "\xa5%05d\x01"), ""},
		{"MessagePack that claims much", "application/msgpack",
			strings.Repeat("\xdf\x00\x01\x38\x80\x01", 90) + strings.Repeat("\x01", 200_000), ""},
		{"a long base name", "application/senml+json",
			`[{"bn":"` + strings.Repeat("n", 500_000) + `"}` + strings.Repeat(`,{"n":"a","v":1}`, 9000) + "]", ""},
		{"events with data", "application/cloudevents-batch+json",
			fill("[", `{"datacontenttype":"application/json","data_base64":"W3t9LHt9LHt9XQ=="},`, "{}]"), ""},
		{"JSON parts", "multipart/form-data; boundary=X", fill("",
			"--X\r\nContent-Disposition: form-data; name=a\r\nContent-Type: application/json\r\n\r\n"+
				"[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]\r\n", "--X--\r\n"), ""},
		{"different attributes", "application/xml", "<r " + numbered(80_000, `a%d="" `) + "/>", ""},
		{"small objects", "application/json", fill("[[", `{"a":1},`, "{}]]"), ""},
		{"numbers", "application/json", fill("[[", "1,", "1]]"), ""},
		{"empty lines", "application/x-ndjson", fill("", "{}\n", ""), ""},
		{"a form", "application/x-www-form-urlencoded", fill("a=1", "&b=2", ""), ""},
		{"separators", "application/x-www-form-urlencoded", fill("a=1", "&", ""), ""},
		{"cells", "text/csv", fill("", ",", ""), ""},
		{"rows", "text/csv", fill("", "1\n", ""), ""},
		{"quotes", "text/csv", fill("", `"`, ""), ""},
		{"CBOR arrays", "application/cbor", "\x9a\x00\x0f\xff\xf0" + strings.Repeat("\x80", 0xffff0), ""},
		{"CBOR maps", "application/cbor", "\x9a\x00\x0f\xff\xf0" + strings.Repeat("\xa0", 0xffff0), ""},
		{"CBOR numbers", "application/cbor", "\x9a\x00\x0f\xff\xf0" + strings.Repeat("\x01", 0xffff0), ""},
		{"CBOR sequence", "application/cbor-seq", strings.Repeat("\x80", size), ""},
		{"CBOR bignum", "application/cbor", "\xc2\x5a\x00\x0f\xff\xf0" + strings.Repeat("\xff", 0xffff0), ""},
		{"MessagePack arrays", "application/msgpack", "\xdd\x00\x0f\xff\xf0" + strings.Repeat("\x90", 0xffff0), ""},
		{"elements", "application/xml", fill("<r>", "<a/>", "</r>"), ""},
		{"attributes", "application/xml", fill("<r ", `a="" `, "/>"), ""},
		{"points", "", fill("", "m a=1\n", ""), media.FormatInflux},
		{"fields", "", fill("m a=1", ",b=1", ""), media.FormatInflux},
		{"records", "application/senml+json", fill("[", `{"n":"a","v":1},`, `{"n":"b","v":2}]`), ""},
		{"parts", "multipart/form-data; boundary=X", fill("",
			"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", "--X--\r\n"), ""},
		{"percent signs", "application/x-www-form-urlencoded", fill("%7b", "%7b", ""), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(tt.media, tt.body)
			room := &room{}
			r.Room = room
			// A collection at every step would be too slow, so what stays is looked at.
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			value, err := media.Decode(r, media.Reading{Format: tt.format})
			runtime.GC()
			runtime.ReadMemStats(&after)
			kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
			if kept > 64<<20 || kept > room.taken+size {
				t.Errorf("keeps %d KB, counted were %d KB", kept>>10, room.taken>>10)
			}
			t.Logf("keeps %d KB, counted were %d KB: %v", kept>>10, room.taken>>10, err)
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 200<<20 {
				t.Errorf("allocates %d MB in all", taken>>20)
			}
			runtime.KeepAlive(value)
		})
	}
}

// numbered repeats a format with numbers.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// room is memory of 128 MiB that counts what is taken.
type room struct{ taken int64 }

func (r *room) Take(n int64) error {
	if r.taken += n; r.taken > 128<<20 {
		return &message.Error{Kind: message.Busy, Detail: "the room is full"}
	}
	return nil
}

func (r *room) Give(n int64) { r.taken -= n }
