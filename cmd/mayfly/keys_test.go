package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mayfly/function"
)

// What "keys new" prints can be pasted in both forms, and has the key once.
func TestKeysNew(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, nil, "keys", "new", "gate")
	if code != 0 {
		t.Fatal(errs)
	}
	key := regexp.MustCompile(`mayfly_[\w-]{43}`).FindAllString(out, -1)
	if len(key) != 1 {
		t.Errorf("the key is printed %d times", len(key))
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
		t.Error("the same key was created twice")
	}
	if code, _, _ := command(t, nil, "keys", "new", "a b"); code != 1 {
		t.Error("a name with a space is accepted")
	}
}

func TestKeysDerive(t *testing.T) {
	t.Parallel()
	const group = "GROUP_KEY=8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
	const id, key = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
	code, out, _ := command(t, []string{group}, "keys", "derive", id)
	if code != 0 || out != key+"\n" {
		t.Errorf("%d %q", code, out)
	}
	if _, out, _ = command(t, []string{group}, "keys", "derive", id, "b"); !strings.HasPrefix(out, id+" "+key+"\nb ") {
		t.Errorf("%q", out)
	}
	if code, _, errs := command(t, nil, "keys", "derive", id); code != 1 || !strings.Contains(errs, "GROUP_KEY") {
		t.Errorf("%d %q", code, errs)
	}
}
