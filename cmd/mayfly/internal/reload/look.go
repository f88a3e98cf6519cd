package reload

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// look describes files and folders as they are now, each in a text that changes with them.
func look(paths []string) map[string]string {
	out := make(map[string]string, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			out[path] = "missing"
		case info.IsDir():
			out[path] = names(path)
		default:
			out[path] = fmt.Sprintf("%d bytes, %d", info.Size(), info.ModTime().UnixNano())
		}
	}
	return out
}

// names lists the files of a folder, without those that editors put there for a while.
func names(folder string) string {
	const maxNames = 1000
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "missing"
	}
	var list []string
	for _, e := range entries[:min(len(entries), maxNames)] {
		name := e.Name()
		switch filepath.Ext(name) {
		case ".swp", ".swx", ".tmp", ".bak", ".part":
			continue
		}
		if !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, "~") && !strings.HasPrefix(name, "#") &&
			name != "4913" {
			list = append(list, name)
		}
	}
	return "/" + strings.Join(list, "/")
}

// differences lists the paths that are not what they were. Folders whose files have other names are told by these.
func differences(before, now map[string]string) (changed []string) {
	for path, text := range now {
		switch {
		case before[path] == text:
		case strings.HasPrefix(text, "/") || strings.HasPrefix(before[path], "/"):
			changed = append(changed, newNames(path, before[path], text)...)
		default:
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}

func newNames(folder, before, now string) (out []string) {
	old, fresh := strings.Split(before, "/"), strings.Split(now, "/")
	for _, name := range fresh {
		if name != "" && !slices.Contains(old, name) {
			out = append(out, filepath.Join(folder, name))
		}
	}
	for _, name := range old {
		if name != "" && !slices.Contains(fresh, name) {
			out = append(out, filepath.Join(folder, name))
		}
	}
	return out
}
