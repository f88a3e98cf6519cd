package bounds_test

import (
	"testing"
	"testing/fstest"

	"mayfly/function/internal/bounds"
)

const mib = 1 << 20

func TestDetect(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, tt := range []struct {
		name   string
		lambda string
		root   fstest.MapFS
		want   int64
		from   string
	}{
		{"no limit at all", "", fstest.MapFS{}, 0, ""},
		{"Lambda", "256", fstest.MapFS{"sys/fs/cgroup/memory.max": file("1\n")}, 256 * mib,
			"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"},
		{"Lambda says nonsense", "much", fstest.MapFS{}, 0, ""},
		{"container, version 2", "", fstest.MapFS{
			"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("268435456\n"),
		}, 256 * mib, "/sys/fs/cgroup/memory.max"},
		{"no limit, version 2", "", fstest.MapFS{
			"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n"),
		}, 0, ""},
		{"service of a machine, version 2", "", fstest.MapFS{
			"proc/self/cgroup": file("0::/system.slice/mayfly.service\n"),
			"sys/fs/cgroup/system.slice/mayfly.service/memory.max": file("536870912\n"),
			"sys/fs/cgroup/system.slice/memory.max":                file("max\n"),
		}, 512 * mib, "/sys/fs/cgroup/system.slice/mayfly.service/memory.max"},
		{"the group above has less", "", fstest.MapFS{
			"proc/self/cgroup":             file("0::/a/b\n"),
			"sys/fs/cgroup/a/b/memory.max": file("536870912\n"),
			"sys/fs/cgroup/a/memory.max":   file("134217728\n"),
		}, 128 * mib, "/sys/fs/cgroup/a/memory.max"},
		{"container, version 1", "", fstest.MapFS{
			"proc/self/cgroup":                           file("5:cpu:/docker/x\n4:memory:/docker/x\n0::/docker/x\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("134217728\n"),
		}, 128 * mib, "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		{"no limit, version 1", "", fstest.MapFS{
			"proc/self/cgroup":                           file("4:memory:/\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, from := bounds.Detect(func(string) string { return tt.lambda }, tt.root)
			if got != tt.want || from != tt.from {
				t.Errorf("got %d of %q, want %d of %q", got, from, tt.want, tt.from)
			}
		})
	}
}

// Whatever the memory is, the bounds leave something to work with; from 128 MB up
// they stay under it, and more memory never gives less room.
func TestDerive(t *testing.T) {
	t.Parallel()
	var before bounds.Sizes
	for mb := int64(16); mb <= 16<<10; mb += 16 {
		s := bounds.Derive(mb*mib, 4)
		if s.Working < 4*mib || s.Bodies < 2*mib || s.Unauthenticated < mib || s.InFlight < 16 || s.Workers < 1 {
			t.Fatalf("%d MB: %+v", mb, s)
		}
		if worst := s.WorstCase(); mb >= 128 && worst > s.Memory {
			t.Fatalf("%d MB: worst case %d MiB", mb, worst/mib)
		}
		if held := s.Working + s.Bodies + s.Unauthenticated; mb >= 128 && held > s.Heap*3/4 {
			t.Fatalf("%d MB: %d MiB of a heap of %d", mb, held/mib, s.Heap/mib)
		}
		if s.InFlight < before.InFlight || s.Workers < before.Workers {
			t.Fatalf("%d MB gives less than a little less memory: %+v, %+v", mb, before, s)
		}
		before = s
	}
	if s := bounds.Derive(0, 1); s.Heap != 0 || s.Working != 256*mib || s.Workers != 2 {
		t.Errorf("without a limit: %+v", s)
	}
}
