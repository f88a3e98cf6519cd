package function_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mayfly/function/internal/bounds"
)

// limitsTable is the table of bounds in docs/limits.md.
func limitsTable() string {
	var b strings.Builder
	b.WriteString("| bounded | default | variable | at the bound | test |\n|---|---|---|---|---|\n")
	for _, row := range bounds.Table() {
		variable := "fixed"
		if row.Variable != "" {
			variable = "`" + row.Variable + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", row.What, row.Value, variable, row.Effect, row.Test)
	}
	return b.String()
}

// memoryTable is the table of what is derived from the memory, for two processors.
func memoryTable() string {
	const mib = 1 << 20
	var b strings.Builder
	b.WriteString("| memory | at work | coming in | without a credential | in flight | workers | `GOMEMLIMIT` " +
		"| worst case |\n" +
		"|---|---|---|---|---|---|---|---|\n")
	for _, memory := range []int64{128, 256, 512, 1024, 0} {
		s := bounds.Derive(memory*mib, 2)
		name, heap := fmt.Sprintf("%d MB", memory), fmt.Sprintf("%d MiB", s.Heap/mib)
		if memory == 0 {
			name, heap = "not limited", "not set"
		}
		fmt.Fprintf(&b, "| %s | %d MiB | %d MiB | %d MiB | %d | %d of %d MiB | %s | %d MiB |\n", name, s.Working/mib,
			s.Bodies/mib, s.Unauthenticated/mib, s.InFlight, s.Workers, s.WorkerMemory/mib, heap, s.WorstCase()/mib)
	}
	return b.String()
}

// Every bound that docs/limits.md claims names a test that is there, and a variable
// that is one.
func TestLimitsHaveTests(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		code.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	variables := configurationTable()
	for _, row := range bounds.Table() {
		if !strings.Contains(code.String(), "func "+row.Test+"(") {
			t.Errorf("%s: there is no test %s", row.What, row.Test)
		}
		if !strings.Contains(variables, "`"+row.Variable+"`") && row.Variable != "" {
			t.Errorf("%s: there is no variable %s", row.What, row.Variable)
		}
		if row.What == "" || row.Value == "" || row.Effect == "" {
			t.Errorf("a row is not complete: %+v", row)
		}
	}
}
