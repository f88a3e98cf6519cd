package codecsuite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/codecsuite"
	"mayfly/transform/codec"
)

func answers(n int) string {
	return fmt.Sprintf("function decodeUplink() { return {data: {n: %d}} }", n)
}

// A file of examples finds the formatter whose name has the version of the device,
// also among many others.
func TestExamplesFindTheirScript(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	expects := func(n int) string {
		return fmt.Sprintf(`[{"input": {"bytes": [1]}, "output": {"data": {"n": %d}}}]`, n)
	}
	files := map[string]string{
		"dl-dlr2-004-10.js": answers(1), "test_decode_dl-dlr2-004.json": expects(1),
		"dl-5tm.js": answers(2), "test_decode_dl-5tm.json": expects(2),
		"dl_tp.v2.js": answers(3), "test_decode_dl-tp.json": expects(3),
		"meter.js": answers(4), "test_decode_meter-water-examples.json": expects(4),
	}
	for i := range 10 {
		files[fmt.Sprintf("other-%d.js", i)] = answers(9)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	suites, err := codecsuite.Find(folder)
	if err != nil {
		t.Fatal(err)
	}
	codecsuite.Run(t.Context(), suites, codec.InProcess{})
	if len(suites) != 4 {
		t.Errorf("%d suites, want 4", len(suites))
	}
	for _, s := range suites {
		if s.Err != nil || len(s.Differences) != 1 || len(s.Differences[0]) > 0 {
			t.Errorf("%s: %v %v", filepath.Base(s.Path), s.Err, s.Differences)
		}
	}
}

// A row that cannot be read is told, and the others are run.
func TestBrokenRowsAreTold(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a.examples.json": `[{"description": "good", "input": {"bytes": [1]}, "output": {"data": {"n": 1}}},
			{"description": "bad", "input": {"bytes": "0g"}, "output": {"data": {"n": 1}}},
			{"description": 5, "input": {"bytes": [1]}, "output": {"data": {"n": 1}}},
			{"description": "good again", "input": {"bytes": [1]}, "output": {"data": {"n": 1}}}]`,
		"a.yaml": "uplinkDecoder:\n  fileName: a.js\n  examples:\n" +
			"    - {description: good, input: {bytes: [1]}, output: {data: {n: 1}}}\n" +
			"    - {description: bad, input: {bytes: [256]}, output: {data: {n: 1}}}\n" +
			"    - {description: [1], input: {bytes: [1]}, output: {data: {n: 1}}}\n" +
			"    - {description: good again, input: {bytes: [1]}, output: {data: {n: 1}}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for name, text := range map[string]string{"a.js": answers(1), name: text} {
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			suites, err := codecsuite.Find(folder)
			if err != nil || len(suites) != 1 {
				t.Fatal(suites, err)
			}
			codecsuite.Run(t.Context(), suites, codec.InProcess{})
			s := suites[0]
			if s.Err != nil || len(s.Differences) != 4 {
				t.Fatalf("%v, %v", s.Err, s.Differences)
			}
			for i, passes := range []bool{true, false, false, true} {
				told := strings.Join(s.Differences[i], "\n")
				if (told == "") != passes || !passes && !strings.Contains(told, fmt.Sprintf("example %d", i+1)) {
					t.Errorf("example %d: %q", i+1, told)
				}
			}
		})
	}
}
