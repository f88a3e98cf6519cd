package codecsuite

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxCandidates is how many formatters of other names beside a file of examples are tried.
const maxCandidates = 8

// scriptPaths returns the formatter that examples belong to: the one of that name, or several candidates.
func (s *Suite) scriptPaths(name string) ([]string, error) {
	if name == "" {
		return scriptsBeside(s.Path)
	}
	path := filepath.Join(filepath.Dir(s.Path), filepath.FromSlash(name))
	if _, err := os.Stat(path); err == nil {
		return []string{path}, nil
	}
	// The device repository was written on file systems that ignore case.
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if strings.EqualFold(entry.Name(), filepath.Base(path)) {
			return []string{filepath.Join(filepath.Dir(path), entry.Name())}, nil
		}
	}
	return nil, fmt.Errorf("payload formatter %s does not exist", path)
}

// scriptsBeside finds the formatters that a JSON file of examples may belong to, the likeliest first: in its folder, or
// else, for a folder of examples, in the folder above.
func scriptsBeside(path string) ([]string, error) {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder + ".")
	scripts, err := scriptsIn(folder, name)
	if err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		if folder, err = filepath.Abs(folder); err != nil {
			return nil, err
		}
		if scripts, err = scriptsIn(filepath.Dir(folder), name); err != nil {
			return nil, err
		}
	}
	if len(scripts) == 0 {
		return nil, errors.New("no payload formatter of its name is in its folder or the one above")
	}
	return scripts, nil
}

// scriptsIn returns the formatters in a folder that a file of examples may belong to: the one of its name; else the one
// that package.json names and those of common names, followed by all others unless they are too many.
func scriptsIn(folder, examples string) ([]string, error) {
	scripts, err := listScripts(folder)
	if err != nil {
		return nil, err
	}
	named, sure := byName(scripts, folder, examples)
	if sure {
		return named, nil
	}
	if len(scripts) > maxCandidates {
		if len(named) == 0 {
			return nil, fmt.Errorf("%d payload formatters are in its folder and none has its name", len(scripts))
		}
		return named, nil
	}
	for _, script := range scripts {
		if path := filepath.Join(folder, script); !slices.Contains(named, path) {
			named = append(named, path)
		}
	}
	return named, nil
}

// listScripts returns the names of the scripts in a folder that are not tests or configuration.
func listScripts(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var scripts []string
	for _, entry := range entries {
		name := strings.ToLower(entry.Name())
		isPart := func(part string) bool { return strings.Contains(name, part) }
		if !entry.IsDir() && isScript(name) && !slices.ContainsFunc([]string{".test.", ".spec.", ".config."}, isPart) {
			scripts = append(scripts, entry.Name())
		}
	}
	return scripts, nil
}

// byName returns the scripts whose names suggest that they are the formatter, the likeliest first. It is sure when one
// has the name of the examples.
func byName(scripts []string, folder, examples string) (found []string, sure bool) {
	name := strings.ToLower(strings.TrimSuffix(examples, filepath.Ext(examples)))
	stem := strings.NewReplacer("test_decode_", "", "test_encode_", "",
		"examples", "", "example", "", "errors", "").Replace(name)
	stem = strings.Trim(stem, "-_.")
	wanted := []string{stem, strings.TrimSuffix(stem, "-codec"), packageMain(folder), "index", "codec", "main",
		"decoder", "uplink", "decode", filepath.Base(folder)}
	for i, want := range wanted {
		for _, script := range scripts {
			path := filepath.Join(folder, script)
			base := strings.TrimSuffix(script, filepath.Ext(script))
			if want == "" || !strings.EqualFold(base, want) || slices.Contains(found, path) {
				continue
			}
			found = append(found, path)
			if i == 0 {
				return found, true
			}
		}
		if i == 0 { // test_decode_dl-dlr2-004.json is of dl-dlr2-004-10.js
			for _, script := range continuing(scripts, stem) {
				found = append(found, filepath.Join(folder, script))
			}
			if len(found) == 1 {
				return found, true
			}
		}
	}
	return found, false
}

// continuing returns the scripts whose names are the stem of the examples with more words behind it, such as a version
// of the device; else the one that the stem continues. Hyphens, points and underscores are the same.
func continuing(scripts []string, stem string) []string {
	plain := func(name string) string {
		return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name)) + "-"
	}
	var longer, shorter []string
	for _, script := range scripts {
		base, stem := plain(strings.TrimSuffix(script, filepath.Ext(script))), plain(stem)
		switch {
		case stem == "-":
		case strings.HasPrefix(base, stem):
			longer = append(longer, script)
		case strings.HasPrefix(stem, base):
			shorter = append(shorter, script)
		}
	}
	byLength := func(a, b string) int { return len(a) - len(b) }
	if len(longer) == 0 && len(shorter) > 0 { // the longest name says most
		return []string{slices.MaxFunc(shorter, byLength)}
	}
	slices.SortStableFunc(longer, byLength)
	return longer
}

// packageMain returns the entry that package.json names, without its extension.
func packageMain(folder string) string {
	var manifest struct {
		Main string `json:"main"`
	}
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil || json.Unmarshal(text, &manifest) != nil {
		return ""
	}
	base := filepath.Base(filepath.FromSlash(manifest.Main))
	return strings.TrimSuffix(base, filepath.Ext(base))
}
