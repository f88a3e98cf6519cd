package reducing_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mayfly/function/internal/config"
	"mayfly/function/internal/reducing"
	"mayfly/transform/message"
)

// room is memory that remembers what was taken.
type room struct{ left, held int64 }

var errFull = errors.New("full")

func (r *room) Take(n int64) error {
	if n > r.left-r.held {
		return errFull
	}
	r.held += n
	return nil
}

func (r *room) Give(n int64) { r.held -= n }

// The reduce of a source goes before that of a fleet, and that before the one of the file; the memory is asked for.
func TestReduce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mayfly.yaml")
	if err := os.WriteFile(path, []byte(`reduce: {fields: {t: max}}
sources: [{from: tts, reduce: {}}, {from: helium, reduce: {fields: {t: count}}}]
fleets: [{name: north, idScope: 0ne2, groupKey: bWF5Zmx5, reduce: {fields: {t: min}}}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{"CONFIG=" + path, "ID_SCOPE=0ne1", "GROUP_KEY=bWF5Zmx5", "AUTH=none"})
	if err != nil {
		t.Fatal(err)
	}
	r := reducing.Of(c)
	for _, tc := range []struct {
		source, fleet string
		stand         [2]int
		body          string
	}{
		{"", "", [2]int{0, 2}, `{"t":2}`}, {"sigfox", "", [2]int{0, 2}, `{"t":2}`},
		{"", "north", [2]int{0, 2}, `{"t":1}`}, {"tts", "north", [2]int{1, 1}, `{"t":1}`},
		{"helium", "north", [2]int{0, 2}, `{"t":2}`},
	} {
		messages := []*message.Message{
			{DeviceID: "a", Fleet: tc.fleet, Body: []byte(`{"t":2}`)},
			{DeviceID: "a", Fleet: tc.fleet, Body: []byte(`{"t":1}`)},
		}
		memory := &room{left: 1 << 20}
		stand, err := r.Reduce(tc.source, messages, memory)
		if err != nil || [2]int(stand) != tc.stand || string(messages[1].Body) != tc.body || memory.held != 0 {
			t.Errorf("%s %s: %v %s %v, %d bytes held", tc.source, tc.fleet, stand, messages[1].Body, err, memory.held)
		}
	}
	if _, err := r.Reduce("", []*message.Message{{Body: []byte(`{"t":2}`)}}, &room{}); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
	if reducing.Of(&config.Config{}) != nil {
		t.Error("something is reduced where nothing says so")
	}
}
