package config

import (
	"fmt"
	"slices"
	"sync/atomic"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
	"mayfly/transform/table"
)

// Rows are the tables of the configuration as expressions see them by row. They are those of the files as they were at
// the start, until somebody has newer ones.
type Rows struct {
	names []string
	find  atomic.Pointer[func(name string) (*table.Table, error)]
}

var _ mapping.Tables = (*Rows)(nil)

// newRows makes the rows of tables.
func newRows(tables []Table) *Rows {
	r := &Rows{}
	for i := range tables {
		r.names = append(r.names, tables[i].Name)
	}
	r.Use(func(name string) (*table.Table, error) {
		for i := range tables {
			if t := &tables[i]; t.Name == name && t.URL != "" {
				return nil, fmt.Errorf("the table %s is at an address, which is not asked here", name)
			} else if t.Name == name {
				return t.Rows, nil
			}
		}
		return nil, nil
	})
	return r
}

// Use has the rows found by another function. The error of find is why the table cannot be had at present.
func (r *Rows) Use(find func(name string) (*table.Table, error)) { r.find.Store(&find) }

// Check implements [mapping.Tables].
func (r *Rows) Check(name string) string {
	if slices.Contains(r.names, name) {
		return ""
	}
	return unknownRows("tables", name, r.names)
}

// Row implements [mapping.Tables].
func (r *Rows) Row(name string, key any) (any, error) {
	rows, err := (*r.find.Load())(name)
	if err != nil {
		return nil, &message.Error{Kind: message.Busy, Detail: err.Error()}
	}
	if row, ok := rows.Find(key); ok {
		return row.Object(), nil
	}
	return nil, nil
}
