package decompress_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mayfly/function/internal/decompress"
	"mayfly/function/internal/workroom"
)

// Small bodies that become large ones take the room of what they become; those of
// senders that are not known yet take their share and no more. Each is held until its
// request ends, here until all have come.
func TestDecompressedBodiesTakeRoom(t *testing.T) {
	const mib, limit, share = 1 << 20, 1 << 20, 8 << 20
	plain := make([]byte, limit)
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write(plain)
	_ = w.Close()
	encoder, err := zstd.NewWriter(nil, zstd.WithWindowSize(8*mib))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"gzip": gz.Bytes(), "zstd": encoder.EncodeAll(plain, nil)} {
		t.Run(name, func(t *testing.T) {
			room := workroom.New(64*mib, share)
			d := decompress.New(limit, 2)
			before := heap()
			texts := make([][]byte, 400)
			var all sync.WaitGroup
			for i := range texts {
				all.Go(func() {
					text, err := d.Decompress(context.Background(), body, name, room.Open(false))
					if err != nil && !errors.Is(err, workroom.ErrFull) {
						t.Error(err)
					}
					texts[i] = text
				})
			}
			all.Wait()
			grown, taken := heap()-before, 0
			for _, text := range texts {
				if len(text) > 0 {
					taken++
				}
			}
			// The share holds seven of them; the decoder for zstd has a window besides.
			if taken < 4 || taken > share/limit || room.Held() > share {
				t.Errorf("%d bodies of 1 MiB are held, of %d MiB", taken, room.Held()/mib)
			}
			if grown > share+9*mib {
				t.Errorf("%d bytes become %d MiB", len(body), grown/mib)
			}
			runtime.KeepAlive(texts)
		})
	}
}

// heap tells what is in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
