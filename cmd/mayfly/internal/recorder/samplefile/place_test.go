package samplefile_test

import (
	"strings"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder/samplefile"
)

// TestFind: where a sample is written into a file.
func TestFind(t *testing.T) {
	t.Parallel()
	const sample = "- name: 'new'\n  request:\n    body: |\n      {\n\n      }\n"
	for _, tt := range []struct{ name, file, want string }{
		{"after others", "sources:\n  - name: x\n    samples:\n      - name: a\n        body: |\n          x\n" +
			"  # y\n  - name: y\n",
			"          x\n      - name: 'new'\n"},
		{"in the column of its key", "sources:\n- name: x\n  samples:\n  - name: a\n  deviceId: .id\n",
			"  - name: a\n  - name: 'new'\n    request:\n"},
		{"without any", "sources:\n  - name: x\n    deviceId: .id\nother: 1\n",
			"    deviceId: .id\n    samples:\n      - name: 'new'\n"},
		{"with none", "sources:\n  - name: x\n    samples: []\n    deviceId: .id\n",
			"  - name: x\n    samples:\n      - name: 'new'\n"},
	} {
		at, err := samplefile.Find([]byte(tt.file), "x")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		after, diff := at.Insert([]byte(tt.file), sample)
		if !strings.Contains(string(after), tt.want) || !strings.Contains(diff, "+ ") {
			t.Errorf("%s:\n%s\n%s", tt.name, after, diff)
		}
		if _, err := samplefile.Find(after, "x"); err != nil {
			t.Errorf("%s: %v\n%s", tt.name, err, after)
		}
	}
	for _, file := range []string{"sources: [{name: x}]", "sources: []", "", "a: [", "sources:\n  - name: y\n"} {
		if _, err := samplefile.Find([]byte(file), "x"); err == nil {
			t.Errorf("%q has a place", file)
		}
	}
}
