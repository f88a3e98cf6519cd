package codecworker

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mayfly/transform/codec"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// assets is a table that counts what it is asked for.
type assets struct {
	asked int
	busy  bool
}

func (a *assets) Check(name string) string {
	if name != "assets" {
		return "no such table"
	}
	return ""
}

func (a *assets) Row(_ string, key any) (any, error) {
	a.asked++
	if a.busy {
		return nil, &message.Error{Kind: message.Busy, Detail: "not read yet"}
	}
	if key == nil {
		return nil, nil
	}
	return map[string]any{"key": fmt.Sprint(key), "n": json.Number("1.50")}, nil
}

// A worker asks its parent for the rows that an expression needs, and for nothing else.
func TestRowsFromTheParent(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	for _, tc := range []struct {
		text, want string
		asked      int
		busy       bool
	}{
		{`[range(3) as $i | row("assets"; $i).key] | join(" ")`, `"0 1 2"`, 3, false},
		{`row("assets"; .serial).n`, "1.50", 1, false},
		{`. as $all | row("assets"; null)`, "null", 0, false},
		{`[limit(2; range(10) as $i | row("assets"; $i))] | length`, "2", 2, false},
		{`row("others"; 1)`, "no such table", 0, false},
		{`row("assets"; 1)`, "not read yet", 1, true},
		{`"after these"`, `"after these"`, 0, false},
	} {
		table := &assets{busy: tc.busy}
		program := programOf(tc.text)
		program.Tables = table
		in := map[string]any{"serial": "SN-1"}
		values, _, err := pool.Evaluate(t.Context(), program, []any{nil, nil}, in, 5*time.Second)
		got := ""
		for _, value := range values {
			text, _ := message.Marshal(value)
			got += string(text)
		}
		if err != nil {
			got = err.Error()
			if failed, ok := errors.AsType[*codec.Error](err); tc.busy != (ok && failed.Kind == codec.Unavailable) {
				t.Errorf("%s: %T", tc.text, err)
			}
		}
		if !strings.Contains(got, tc.want) || table.asked != tc.asked {
			t.Errorf("%s gives %s, want %s; %d rows were asked for", tc.text, got, tc.want, table.asked)
		}
	}
	none := programOf(`row("assets"; 1)`)
	if _, _, err := pool.Evaluate(t.Context(), none, []any{nil, nil}, nil, time.Second); err == nil {
		t.Error("a row of no table is found")
	}
}

// What a worker is asked by has a bound in time, however many rows it asks for.
func TestRowsWithoutEnd(t *testing.T) {
	pool := newPool(t, Options{Workers: 1})
	program := mapping.NewProgram(`last(repeat(row("assets"; 1) | 1))`, []string{"$request"}, "")
	program.Tables = &assets{}
	if _, _, err := pool.Evaluate(t.Context(), program, []any{nil}, 1, 100*time.Millisecond); err == nil {
		t.Error("it ends")
	}
}
