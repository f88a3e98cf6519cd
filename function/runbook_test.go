package function_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mayfly/function"
)

// runbookFrame is what the table of errors says of a code.
func runbookFrame(row *function.ErrorRow) string {
	again := "the sender must not send the same again"
	if row.Retryable {
		again = "the sender is asked to send again"
	}
	return fmt.Sprintf("%d, in the step *%s*, %s: %s.\n", row.Status, row.Where, again, row.What)
}

// Every code has a section in the runbook, in the order of the table, which says in words of its own what it means,
// what to look at, and what to do.
func TestRunbook(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := regexp.MustCompile(`(?m)^### (.+)\n`).Split(string(text), -1)[1:]
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^### (.+)\n`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, found[1])
	}
	rows := function.Rows()
	for i := range rows {
		if i >= len(names) || names[i] != string(rows[i].Code) {
			t.Fatalf("section %d is not that of %s, as the table of errors has it: %v", i+1, rows[i].Code, names)
		}
	}
	seen := map[string]string{}
	for i, section := range sections {
		section, _, _ = strings.Cut(section, "\n## ")
		rest := section
		for _, part := range []string{"**It means:** ", "**Look at:** ", "**Do:** "} {
			var found bool
			if _, rest, found = strings.Cut(rest, "\n"+part); !found {
				t.Errorf("%s: there is no %s", names[i], part)
				break
			}
			paragraph, _, _ := strings.Cut(rest, "\n\n")
			if len(strings.Fields(paragraph)) < 12 {
				t.Errorf("%s: %s says next to nothing", names[i], part)
			}
			for sentence := range strings.SplitSeq(strings.Join(strings.Fields(paragraph), " "), ". ") {
				if other := seen[sentence]; other != "" && len(sentence) > 40 {
					t.Errorf("%s says the same as %s: %s", names[i], other, sentence)
				}
				seen[sentence] = names[i]
			}
		}
	}
	for _, link := range regexp.MustCompile(`\]\(#([a-z-]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if !slices.Contains(names, link[1]) {
			t.Errorf("there is no section %s", link[1])
		}
	}
}
