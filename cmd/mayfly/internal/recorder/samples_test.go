package recorder_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mayfly/cmd/mayfly/internal/recorder"
	"mayfly/function"
)

// TestSample: a request becomes a sample, which is written once its difference was shown.
func TestSample(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	saved := get[recorder.Saved](s, "/requests/1/sample?name=it's+warm")
	if !strings.Contains(saved.Diff, "+     samples:") || !strings.Contains(saved.YAML, "it''s warm") {
		t.Fatalf("%+v", saved)
	}
	if w := s.ask(http.MethodPost, "/requests/1/sample", `{"version":"other"}`); w.Code != http.StatusConflict {
		t.Errorf("another version: %d", w.Code)
	}
	for range 2 {
		saved = get[recorder.Saved](s, "/requests/1/sample?name=warm")
		body := fmt.Sprintf(`{"name":"warm","version":%q}`, saved.Version)
		if got := read[recorder.Saved](s, s.ask(http.MethodPost, "/requests/1/sample", body)); !got.Written {
			t.Errorf("%+v", got)
		}
	}
	report := function.CheckFile(nil, s.file)
	if len(report.Faults) != 0 {
		text, _ := os.ReadFile(s.file)
		t.Errorf("%+v\n%s", report.Faults, text)
	}
	s.send(reading)
	if w := s.ask(http.MethodGet, "/requests/2/sample", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a request of no source: %d", w.Code)
	}
}

// TestSampleIsWhole: messages that the page does not show are not left out of a sample; there is none.
func TestSampleIsWhole(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, "sources:\n  - {name: acme, each: '.readings[]', deviceId: .id, payload: .p | unhex, "+
		"codec: log.js}\n",
		"log.js", `function decodeUplink(input) {
			const rows = [];
			for (let i = 0; i < input.bytes[0]; i++) rows.push({timestamp: 1773482400 + i, t: i});
			return {data: rows};
		}`)
	const one = `{"id":"pump-1","p":"01"}`
	many := strings.Repeat(one+",", 50) + one
	for i, tt := range []struct {
		readings string
		more     int
		want     int
	}{
		{many[:50*(len(one)+1)-1], 0, http.StatusOK}, {many, 1, http.StatusBadRequest},
		{`{"id":"pump-1","p":"32"}`, 0, http.StatusOK},
		{`{"id":"pump-1","p":"33"}`, 1, http.StatusBadRequest},
	} {
		s.send(`{"readings":[`+tt.readings+`]}`, "X-Api-Key", key)
		d := get[recorder.Detail](s, fmt.Sprintf("/requests/%d", i+1))
		w := s.ask(http.MethodGet, fmt.Sprintf("/requests/%d/sample", i+1), "")
		if d.Explain.More != tt.more || w.Code != tt.want {
			t.Errorf("%d: %d more, %d %s", i+1, d.Explain.More, w.Code, w.Body)
		}
	}
}

// TestSaveAtOnce: of those who have seen the same difference, one writes; the file is whole at any time.
func TestSaveAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.send(reading, "X-Api-Key", key)
	saved := get[recorder.Saved](s, "/requests/1/sample?name=warm")
	link := filepath.Join(filepath.Dir(s.file), "link")
	before, err := os.Stat(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(s.file, link); err != nil { // as one who has the file open
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"name":"warm","version":%q}`, saved.Version)
	var written atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			w := s.ask(http.MethodPost, "/requests/1/sample", body)
			if w.Code == http.StatusOK {
				written.Add(1)
			} else if w.Code != http.StatusConflict {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if n := written.Load(); n != 1 {
		t.Errorf("written %d times, want once", n)
	}
	if text, _ := os.ReadFile(link); string(text) != config {
		t.Error("the file was changed under the hands of its readers")
	}
	after, err := os.Stat(s.file)
	if err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v: the mode was %v", err, before.Mode())
	}
	if entries, _ := os.ReadDir(filepath.Dir(s.file)); len(entries) != 2 {
		t.Errorf("%v are in the folder, want the file and the link", entries)
	}
}
