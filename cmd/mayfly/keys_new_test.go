package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mayfly/function"
)

// What keys new prints can be pasted, in either form, and holds the key once.
func TestKeysNew(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, nil, "keys", "new", "gate")
	if code != 0 {
		t.Fatal(errs)
	}
	key := regexp.MustCompile(`mayfly_[\w-]{43}`).FindAllString(out, -1)
	if len(key) != 1 {
		t.Errorf("the key is there %d times", len(key))
	}
	line := regexp.MustCompile(`gate=sha256:[0-9a-f]{64}`).FindString(out)
	_, file, _ := strings.Cut(out, "or for mayfly.yaml:\n")
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"API_KEYS=" + line, "CONFIG=" + path} {
		if _, err := function.LoadConfig([]string{"ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=keys", v}); err != nil {
			t.Error(err)
		}
	}
	if _, again, _ := command(t, nil, "keys", "new", "gate"); strings.Contains(again, key[0]) {
		t.Error("the same key twice")
	}
	if code, _, _ := command(t, nil, "keys", "new", "a b"); code != 1 {
		t.Error("a name with a blank is taken")
	}
}
