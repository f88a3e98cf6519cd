package bounds

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Detect gives the memory that the process may take, in bytes, and where that is
// said; 0 where nothing limits it. root is the root of the file system.
//
// AWS Lambda tells it in AWS_LAMBDA_FUNCTION_MEMORY_SIZE, in MB (AWS docs,
// "Using Lambda environment variables"). Containers, those of Azure Functions too,
// have a control group: version 2 has memory.max, version 1 memory.limit_in_bytes
// (Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst).
func Detect(getenv func(string) string, root fs.FS) (memory int64, from string) {
	const lambda = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
	if mb, err := strconv.ParseInt(getenv(lambda), 10, 64); err == nil && mb > 0 && mb < 1<<40 {
		return mb * mib, lambda
	}
	for _, group := range groups(root) {
		for at := group.path; ; at = path.Dir(at) { // a group is under the limits of those above it
			file := path.Join(group.mount, at, group.file)
			if limit, ok := read(root, file); ok && (memory == 0 || limit < memory) {
				memory, from = limit, "/"+file
			}
			if at == "/" || at == "." {
				break
			}
		}
	}
	return memory, from
}

type group struct{ mount, path, file string }

// groups gives the control groups of the process. Inside of a container the group's
// own files stand at the mount itself.
func groups(root fs.FS) []group {
	v2 := group{"sys/fs/cgroup", "/", "memory.max"}
	v1 := group{"sys/fs/cgroup/memory", "/", "memory.limit_in_bytes"}
	text, _ := fs.ReadFile(root, "proc/self/cgroup") // not on other systems than Linux
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		switch clean := path.Clean(parts[2]); {
		case parts[0] == "0" && parts[1] == "":
			v2.path = clean
		case strings.Contains(","+parts[1]+",", ",memory,"):
			v1.path = clean
		}
	}
	return []group{v2, v1}
}

// maxLimit is what version 1 shows where there is no limit, about.
const maxLimit = 1 << 60

func read(root fs.FS, file string) (int64, bool) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // not "max"
	return limit, err == nil && limit > 0 && limit < maxLimit
}
