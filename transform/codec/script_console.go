package codec

import (
	"strings"

	"github.com/dop251/goja"

	"mayfly/transform/message"
)

// maxConsole is how many lines of a console are kept.
const maxConsole = 100

// console is what a script writes to its console. A nil one keeps nothing.
type console struct{ lines []string }

// written returns the lines.
func (c *console) written() []string {
	if c == nil {
		return nil
	}
	return c.lines
}

// log is console.log.
func (c *console) log(call goja.FunctionCall) goja.Value {
	if c == nil || len(c.lines) == maxConsole {
		return goja.Undefined()
	}
	parts := make([]string, len(call.Arguments))
	for i, argument := range call.Arguments {
		parts[i] = consoleText(argument)
	}
	c.lines = append(c.lines, message.Shorten(strings.Join(parts, " ")))
	return goja.Undefined()
}

// consoleText writes objects as JSON, as people expect it, and everything else as JavaScript does.
func consoleText(v goja.Value) string {
	if object, ok := v.(*goja.Object); ok {
		if text, err := object.MarshalJSON(); err == nil {
			return string(text)
		}
	}
	return v.String()
}

// installConsole makes a console that writes to c.
func installConsole(vm *goja.Runtime, c *console) error {
	object := vm.NewObject()
	quiet := vm.ToValue(func(goja.FunctionCall) goja.Value { return goja.Undefined() })
	log := vm.ToValue(c.log)
	for name, f := range map[string]goja.Value{
		"log": log, "info": log, "warn": log, "error": log, "debug": log, "trace": log, "dir": log, "table": log,
		"assert": quiet, "group": quiet, "groupEnd": quiet, "time": quiet, "timeEnd": quiet,
	} {
		if err := object.Set(name, f); err != nil {
			return err
		}
	}
	return vm.Set("console", object)
}
