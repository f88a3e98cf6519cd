package mapping_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// tables has one table, of one row.
type tables struct{ busy bool }

func (t tables) Row(_ string, key any) (any, error) {
	if t.busy {
		return nil, &message.Error{Kind: message.Busy, Detail: "the table assets could not be read yet"}
	}
	if text, _ := message.ScalarText(key); text == "7" {
		return map[string]any{"site": "Delft", "n": json.Number("1.50")}, nil
	}
	return nil, nil
}

func (tables) Check(name string) string {
	if name == "assets" {
		return ""
	}
	return message.Quote(name) + " is not one of the tables"
}

// row gives the row of a table for a key, in plans and in gojq.
func TestRow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, want string // what it gives, or an error
		busy       bool
	}{
		{`row("assets"; .serial)`, `{"n":1.50,"site":"Delft"}`, false},
		{`row("assets"; .serial).site`, `"Delft"`, false},
		{`row("assets"; .other).site // "unknown"`, `"unknown"`, false},
		{`row("assets"; .other)`, `null`, false},
		{`row("assets"; 8)`, `null`, false},
		{`row("assets"; [7])`, `null`, false},
		{`row("assets", "assets"; 7).n`, `1.50 1.50`, false},
		{`[range(3) as $i | row("assets"; $i + 5) | .site]`, `[null,null,"Delft"]`, false},
		{`row(.table; .serial).site`, `"Delft"`, false},
		{`row(.serial; 7)`, "not a text", false},
		{`row("asset" + ""; 7)`, "is not one of the tables", false},
		{`row("assets"; .serial)`, "could not be read yet", true},
	} {
		l := mapping.NewLanguage(message.Zone{}).WithTables(tables{tc.busy})
		e, fault := l.Compile("x", mapping.Expr{Text: tc.text}, nil)
		if fault != nil {
			t.Fatal(tc.text, fault)
		}
		run := mapping.NewRun(t.Context(), nil)
		values, err := run.All(e, map[string]any{"serial": 7, "table": "assets"})
		run.Done()
		var got []string
		for _, v := range values {
			text, _ := message.Marshal(v)
			got = append(got, string(text))
		}
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) || message.Is(err, message.Busy) != tc.busy {
				t.Errorf("%s: %v, want %s", tc.text, err, tc.want)
			}
		} else if strings.Join(got, " ") != tc.want {
			t.Errorf("%s gives %s, want %s", tc.text, got, tc.want)
		}
	}
}

// A table that there is not is told when the expression is compiled.
func TestRowOfNoTable(t *testing.T) {
	t.Parallel()
	text := mapping.Expr{Text: "{a: 1} |\n row(\"asets\"; .a)", Line: 10, Column: 5}
	_, fault := mapping.NewLanguage(message.Zone{}).WithTables(tables{}).Compile("x", text, nil)
	if fault == nil || fault.Problem != `"asets" is not one of the tables` || fault.Line != 11 {
		t.Errorf("%v", fault)
	}
	_, fault = mapping.NewLanguage(message.Zone{}).Compile("x", text, nil)
	if fault == nil || !strings.Contains(fault.Problem, "there are none under tables") {
		t.Errorf("%v", fault)
	}
}
