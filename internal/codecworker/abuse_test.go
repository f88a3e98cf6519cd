package codecworker

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/transform/codec"
)

//go:embed testdata/abuse.txt
var abuseText string

func abusive(statement string) string {
	return "function decodeUplink(input) {\n" +
		"var b = input.bytes, n = (b[0] * 16777216 + b[1] * 65536 + b[2] * 256 + b[3]), a = [];\n" +
		"if (b.length < 4) return {data: {ok: b[0]}};\n" + statement + ";\nreturn {data: {survived: 1}} }"
}

// TestAbuse proves that whatever a script does costs its own message only: those
// of 50 others decode meanwhile and afterwards.
func TestAbuse(t *testing.T) {
	if testing.Short() {
		t.Skip("takes all the time that scripts are given")
	}
	pool := New(Options{})
	defer pool.Close()
	good, err := pool.Load("good.js", []byte(typical))
	if err != nil {
		t.Fatal(err)
	}
	before := heapBytes()
	for line := range strings.Lines(abuseText) {
		name, statement, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			bad, err := pool.Load(name, []byte(abusive(statement)))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a machine under load
			defer cancel()
			var others sync.WaitGroup
			for range 50 {
				others.Go(func() {
					if err := decodesGood(ctx, good); err != nil {
						t.Errorf("another message: %v", err)
					}
				})
			}
			in := codec.Uplink{Bytes: []byte{0xff, 0xff, 0xff, 0xf0}, Time: time.Unix(1700000000, 0)}
			_, err = bad.Decode(ctx, in)
			failed, ok := errors.AsType[*codec.Error](err)
			if err != nil && (!ok || failed.Kind == codec.Unavailable || len(failed.Text) > 1000) {
				t.Errorf("error %v, want what the script did", err)
			}
			out, err := bad.Decode(ctx, codec.Uplink{Bytes: []byte{7}})
			if err != nil || fmt.Sprint(out.Data) != "map[ok:7]" {
				t.Errorf("the next message of the same script: %v, %v", out.Data, err)
			}
			others.Wait()
		})
	}
	if after := heapBytes(); after > before+(32<<20) {
		t.Errorf("this process has %d MiB more than before", (after-before)>>20)
	}
}

func decodesGood(ctx context.Context, good codec.Codec) error {
	out, err := good.Decode(ctx, typicalUplink)
	if err != nil {
		return err
	}
	if got := fmt.Sprint(out.Data); got != "map[battery:100 humidity:50 temperature:27.2]" {
		return errors.New("decoded to " + got)
	}
	return nil
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
