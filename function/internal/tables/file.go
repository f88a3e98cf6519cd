package tables

import (
	"os"
	"time"

	"mayfly/transform/table"
)

// file reads the file of a table where it is another one than before: by its time and size, and then by its content.
func (t *Table) file() (rows *table.Table, wait time.Duration, err error) {
	info, err := os.Stat(t.Path)
	if err != nil {
		return nil, 0, err
	}
	before := t.state.Info
	if before != nil && os.SameFile(before, info) && info.ModTime().Equal(before.ModTime()) &&
		info.Size() == before.Size() {
		return nil, 0, t.broke
	}
	if age := t.set.now().Sub(info.ModTime()); age >= 0 && age < settleTime {
		return nil, settleTime, t.broke // whoever writes it may not have finished
	}
	file, err := os.Open(t.Path)
	if err != nil {
		return nil, 0, err
	}
	rows, state, err := t.ReadFile(file)
	if after, failed := os.Stat(t.Path); failed != nil || state.Info == nil ||
		!after.ModTime().Equal(state.Info.ModTime()) || after.Size() != state.Info.Size() {
		return nil, settleTime, t.broke // it was written while it was read
	}
	same := err == nil && state.Sum == t.state.Sum && t.broke == nil
	t.state, t.broke = state, err
	if err != nil || same {
		return nil, 0, err
	}
	return rows, 0, nil
}
