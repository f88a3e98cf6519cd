package arm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/deploy/azure/internal/arm"
)

func TestParseExpression(t *testing.T) {
	t.Parallel()
	call := func(name string, args ...arm.Node) arm.Node { return arm.Call{Function: name, Arguments: args} }
	for text, want := range map[string]arm.Node{
		"[parameters('a')]":          call("parameters", "a"),
		"[ concat( 'it''s' , 1 ) ]":  call("concat", "it's", 1),
		"[resourceGroup().location]": arm.Member{Of: call("resourceGroup"), Name: "location"},
		"[variables('a')[0].b['c']]": arm.Index{
			Of: arm.Member{Of: arm.Index{Of: call("variables", "a"), At: 0}, Name: "b"}, At: "c",
		},
		"[if(equals(-1, 2), f(), 'no')]": call("if", call("equals", -1, 2), call("f"), "no"),
	} {
		got, err := arm.ParseExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestBrokenExpressions(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"[]", "[x]", "[f(]", "[f('a]", "[f('a' 'b')]", "[f('a'),]", "[f('a',)]", "[f()..b]", "[f()[1]", "[f() g()]",
		"[" + strings.Repeat("f(", 100) + strings.Repeat(")", 100) + "]",
	} {
		if _, err := arm.ParseExpression(text); err == nil {
			t.Errorf("%s parses", text)
		}
	}
}

func FuzzParseExpression(f *testing.F) {
	f.Add("[format('{0}', variables('a')[0].b)]")
	f.Fuzz(func(t *testing.T, text string) {
		if arm.IsExpression(text) {
			_, _ = arm.ParseExpression(text)
		}
	})
}

const good = `{
  "$schema": "s", "contentVersion": "1.0.0.0",
  "parameters": {
    "key": {"type": "securestring", "metadata": {"description": "d"}},
    "size": {"type": "int", "defaultValue": 2, "maxValue": 4, "metadata": {"description": "d"}}
  },
  "variables": {"name": "[format('a{0}', parameters('size'))]"},
  "resources": [
    {"type": "P/a", "apiVersion": "2024-01-01", "name": "[variables('name')]",
     "properties": {"k": "[parameters('key')]"}},
    {"type": "P/a/b", "apiVersion": "2024-01-01", "name": "[format('{0}/b', variables('name'))]",
     "dependsOn": ["[resourceId('P/a', variables('name'))]"],
     "properties": {"v": "[reference(resourceId('P/a', variables('name'))).x]"}}
  ],
  "outputs": {"o": {"type": "string", "value": "[variables('name')]"}}
}`

// check does all that is done with a template.
func check(text string, parameters map[string]any) error {
	tpl, err := arm.Parse([]byte(text))
	if err != nil {
		return err
	}
	if err := tpl.Check(); err != nil {
		return err
	}
	d, err := tpl.Resolve(parameters)
	if err != nil {
		return err
	}
	all := map[string]bool{}
	for _, r := range d.Resources {
		id, err := r.ID()
		if err != nil {
			return err
		}
		all[id] = true
	}
	return d.Check(all)
}

func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	if err := check(good, map[string]any{"key": "s"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"function":             {"format('a{0}'", "fromat('a{0}'", "fromat is not known"},
		"parameter":            {"parameters('size')", "parameters('sise')", "no sise"},
		"variable":             {`"value": "[variables('name')]"`, `"value": "[variables('nama')]"`, "no nama"},
		"unused variable":      {`"variables": {`, `"variables": {"more": "x", `, "variable more is not used"},
		"unknown member":       {`"contentVersion"`, `"sise": 1, "contentVersion"`, "sise"},
		"secret in output":     {`"value": "[variables('name')]"`, `"value": "[parameters('key')]"`, "tells a secret"},
		"keys in output":       {`"value": "[variables('name')]"`, `"value": "[listKeys('x', '1').key]"`, "tells a secret"},
		"secret by a variable": {"'a{0}', ", "'a{1}{0}', parameters('key'), ", "tells a secret"},
		"unknown dependency":   {`["[resourceId('P/a'`, `["[resourceId('P/c'`, "not of this template"},
		"no dependency":        {`"dependsOn": ["[resourceId('P/a', variables('name'))]"],`, "", "does not depend on it"},
		"names and segments":   {"reference(resourceId('P/a',", "reference(resourceId('P/a/b',", "wants 2 names"},
		"unused argument":      {"'a{0}'", "'a'", "does not use all"},
		"missing argument":     {"'a{0}'", "'a{1}'", "no argument"},
		"version":              {`"2024-01-01", "name": "[variables`, `"latest", "name": "[variables`, "apiVersion"},
		"twice":                {"P/a/b\"", "P/a\"", "names"},
		"broken expression":    {"parameters('size'))]", "parameters('size')]", "comma or )"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatal("nothing was changed")
			}
			err := check(text, map[string]any{"key": "s"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestParametersAreChecked(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]map[string]any{
		"missing":   {},
		"unknown":   {"key": "s", "sise": 1.0},
		"type":      {"key": 5.0},
		"too large": {"key": "s", "size": 5.0},
	} {
		if err := check(good, parameters); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
