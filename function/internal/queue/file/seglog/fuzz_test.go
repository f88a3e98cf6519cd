package seglog_test

import (
	"os"
	"path/filepath"
	"testing"

	"mayfly/function/internal/queue/file/seglog"
)

func FuzzOpen(f *testing.F) {
	f.Add(seglog.FutureHeader())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "0000000000000001.seg"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, stored, _, err := seglog.Open(dir, options)
		if err != nil {
			return
		}
		for _, s := range stored {
			if _, err := l.Read(s.Item); err != nil {
				t.Error(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}
