package codecworker

import (
	"bytes"
	"slices"
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
    return {data: data, warnings: []};
  default:
    return {errors: ["unknown FPort"]};
  }
}`

var typicalUplink = codec.Uplink{
	Bytes: []byte{1, 0x75, 100, 3, 0x67, 0x01, 0x10, 4, 0x68, 0x64}, Port: 2, Time: time.Unix(1700000000, 0),
}

// BenchmarkDecode measures what a worker costs a message: the difference of the
// two.
func BenchmarkDecode(b *testing.B) {
	pool := New(Options{})
	defer pool.Close()
	for _, engine := range []struct {
		name string
		codec.Engine
	}{{"InProcess", codec.InProcess{}}, {"Worker", pool}} {
		b.Run(engine.name, func(b *testing.B) {
			c, err := engine.Load("x.js", []byte(typical))
			if err != nil {
				b.Fatal(err)
			}
			in := typicalUplink
			b.ReportAllocs()
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := c.Decode(b.Context(), in); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			// On a machine with other work, the mean tells of that.
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)/10].Nanoseconds()), "p10-ns")
		})
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		pool := New(Options{})
		if _, err := pool.Load("x.js", []byte(typical)); err != nil {
			b.Fatal(err)
		}
		pool.Close()
	}
}

// BenchmarkWire measures what of that is encoding.
func BenchmarkWire(b *testing.B) {
	in := typicalUplink
	back := &answer{Decoded: &decoded{Data: map[string]any{"a": 1, "b": 27.5, "c": 12}}}
	var buf bytes.Buffer
	for b.Loop() {
		f, _ := appendFrame(&buf, &request{Op: opRun, Script: 1, Uplink: toUplink(&in)})
		var r request
		if err := decodeFrame(f[4:], &r); err != nil {
			b.Fatal(err)
		}
		f, _ = appendFrame(&buf, back)
		var a answer
		if err := decodeFrame(f[4:], &a); err != nil {
			b.Fatal(err)
		}
		a.Decoded.decoded()
	}
}
