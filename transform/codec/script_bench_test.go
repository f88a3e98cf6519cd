package codec_test

import (
	"testing"
	"time"

	"mayfly/transform/codec"
)

// typical is a formatter of the size and kind that most devices have.
const typical = `
function readUInt16BE(b, i) { return (b[i] << 8) | b[i + 1]; }
function decodeUplink(input) {
  var b = input.bytes, data = {};
  switch (input.fPort) {
  case 2:
    for (var i = 0; i < b.length;) {
      var id = b[i++], type = b[i++];
      if (id === 1 && type === 0x75) { data.battery = b[i]; i += 1; }
      else if (id === 3 && type === 0x67) { data.temperature = (readUInt16BE(b, i) << 16 >> 16) / 10; i += 2; }
      else if (id === 4 && type === 0x68) { data.humidity = b[i] / 2; i += 1; }
      else break;
    }
    data.nothing = undefined; data.none = null; data.nan = NaN; data.minus = -0;
    return {data: data, warnings: []};
  default:
    return {errors: ["unknown FPort"]};
  }
}`

func BenchmarkScript(b *testing.B) {
	for _, tt := range []struct{ name, script string }{
		{"typical", typical},
		{"console", typical + "\nconsole.log('loaded')"},
		{"Buffer", typical + "\nvar hex = Buffer.from([1, 2]).toString('hex')"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			decoder, err := codec.New("x.js", []byte(tt.script))
			if err != nil {
				b.Fatal(err)
			}
			in := codec.Uplink{Bytes: []byte{1, 0x75, 100, 3, 0x67, 0x01, 0x10, 4, 0x68, 0x64}, Port: 2, Time: time.Unix(1700000000, 0)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decoder.Decode(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
