package guides_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

type block struct{ language, text string }

func blocks(t *testing.T, guide string) []block {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	fence := regexp.MustCompile("(?ms)^ *```(\\w*)\n(.*?)^ *```$")
	for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
		out = append(out, block{match[1], match[2]})
	}
	return out
}

// words splits a command as a shell does, with quotes and continued lines. Variables and
// substitutions are not of this language.
func words(t *testing.T, command string) []string {
	t.Helper()
	var out []string
	var word strings.Builder
	begun, quote := false, rune(0)
	for _, r := range strings.ReplaceAll(command, "\\\n", " ") {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '\n':
			if begun {
				out = append(out, word.String())
			}
			word.Reset()
			begun = false
		case strings.ContainsRune("$`|;&<>", r):
			t.Fatalf("the test does not know %q in %s", r, command)
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		t.Fatalf("a quote is open in %s", command)
	}
	if begun {
		out = append(out, word.String())
	}
	return out
}
