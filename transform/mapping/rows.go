package mapping

import (
	"fmt"

	"mayfly/transform/message"

	"github.com/itchyny/gojq"
)

// Tables has the rows that expressions find by row("assets"; .serial). It is safe for concurrent use.
type Tables interface {
	// Row returns the row of a key, an object; nil where there is none. An error of kind [message.Busy] says that
	// nobody can tell at present.
	Row(table string, key any) (any, error)
	// Check says what is wrong with the name of a table; empty where nothing is.
	Check(table string) string
}

// WithTables has row find rows of tables. It is for the start.
func (l *Language) WithTables(t Tables) *Language {
	l.tables = t
	return l
}

const rowFunc = "row"

// row is the function row: the row of a table for a key; null where there is none, and for a key that is null.
func (l *Language) row(_ any, args []any) (any, error) {
	table, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("the name of the table is %s, not a text", message.TypeName(args[0]))
	}
	if problem := l.checkTable(table); problem != "" {
		return nil, fmt.Errorf("%s", problem)
	}
	if args[1] == nil {
		return nil, nil
	}
	return l.tables.Row(table, args[1])
}

func (l *Language) checkTable(name string) string {
	if l.tables == nil {
		return message.Quote(name) + " is not one of the tables: there are none under tables"
	}
	return l.tables.Check(name)
}

// checkRow says what is wrong with a call of row whose table is written out.
func (l *Language) checkRow(f *gojq.Func) string {
	if f.Name != rowFunc || len(f.Args) != 2 || f.Args[0].Term == nil || f.Args[0].Term.Str == nil ||
		len(f.Args[0].Term.Str.Queries) > 0 || len(f.Args[0].Term.SuffixList) > 0 {
		return ""
	}
	return l.checkTable(f.Args[0].Term.Str.Str)
}
