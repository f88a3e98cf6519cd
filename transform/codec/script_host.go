package codec

import (
	"embed"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"mayfly/internal/lazyregexp"
	"mayfly/transform/message"

	"github.com/dop251/goja"
)

// What payload formatters expect besides ECMAScript. goja has none of it. Each is
// Run only for scripts that name it, since every message has a fresh VM.
//
//go:embed prelude/*.js
var preludes embed.FS

// needs is what a script needs of its host.
type needs struct {
	date, buffer *goja.Program
	buffers      []any // the methods of Buffer that it names
	console      bool
	context      bool // the global array of ThingPark
}

// needsOf looks for names in a script.
func needsOf(text string) (n needs, err error) {
	names := scriptNames(text)
	if names["Date"] && !localIsUTC() {
		if n.date, err = compiledPrelude("date"); err != nil {
			return n, err
		}
	}
	if names["Buffer"] || names["TextEncoder"] || names["TextDecoder"] || names["atob"] || names["btoa"] {
		if n.buffer, err = compiledPrelude("buffer"); err != nil {
			return n, err
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if method := bufferMethod().FindString(name); method != "" {
				n.buffers = append(n.buffers, method)
			}
		}
	}
	n.console, n.context = names["console"], names["context"]
	return n, nil
}

var bufferMethod = lazyregexp.New(`^(?:read|write)[A-Z][A-Za-z0-9]*$`)

// scriptNames gives the names in a script. Those in strings and comments are
// among them, which does no harm.
func scriptNames(text string) map[string]bool {
	names := map[string]bool{}
	for i := 0; i < len(text); {
		c := text[i]
		if !nameByte(c) || '0' <= c && c <= '9' {
			i++
			continue
		}
		start := i
		for i < len(text) && nameByte(text[i]) {
			i++
		}
		names[text[start:i]] = true
	}
	return names
}

func nameByte(c byte) bool { return message.IsAlphanumeric(c) || c == '_' || c == '$' }

// install makes a VM what the script needs, with the values of context. to may be nil.
func (n *needs) install(vm *goja.Runtime, context []any, to *console) error {
	if n.context { // a script that declares a context of its own replaces it
		if err := vm.Set("context", importValue(vm, context)); err != nil {
			return err
		}
	}
	if n.date != nil {
		if _, err := vm.RunProgram(n.date); err != nil {
			return err
		}
	}
	if n.buffer != nil {
		define, err := vm.RunProgram(n.buffer)
		if err != nil {
			return err
		}
		call, _ := goja.AssertFunction(define)
		if _, err := call(goja.Undefined(), vm.NewArray(n.buffers...)); err != nil {
			return err
		}
	}
	if n.console {
		return installConsole(vm, to)
	}
	return nil
}

// localIsUTC tells whether goja's Date, which knows only the process's zone,
// shows UTC already.
func localIsUTC() bool {
	for _, month := range []time.Month{time.January, time.July} {
		if _, offset := time.Date(2026, month, 1, 0, 0, 0, 0, time.Local).Zone(); offset != 0 {
			return false
		}
	}
	return time.Local == time.UTC || time.Local.String() == "UTC" || time.Local.String() == "Etc/UTC"
}

// compiledPrelude compiles a prelude once in the process's life.
var compiledPrelude = func() func(string) (*goja.Program, error) {
	var mu sync.Mutex
	made := map[string]*goja.Program{}
	return func(name string) (*goja.Program, error) {
		mu.Lock()
		defer mu.Unlock()
		if made[name] == nil {
			text, err := preludes.ReadFile("prelude/" + name + ".js")
			if err != nil {
				return nil, err
			}
			if made[name], err = goja.Compile(name+".js", string(text), true); err != nil {
				return nil, fmt.Errorf("prelude: %w", err)
			}
		}
		return made[name], nil
	}
}()

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()

	promiseType = reflect.TypeFor[*goja.Promise]()
)

// typedArray gives the length of a typed array.
func typedArray(object *goja.Object) (int64, bool) {
	kind := object.ExportType()
	if kind == nil || kind.Kind() != reflect.Slice {
		return 0, false
	}
	switch kind.Elem().Kind() {
	case reflect.Int8, reflect.Int16, reflect.Uint16, reflect.Int32, reflect.Uint32, reflect.Int64, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return object.Get("length").ToInteger(), true
	default:
		return 0, false
	}
}

// importValue makes a value of a script of one that jq sees.
func importValue(vm *goja.Runtime, value any) goja.Value {
	switch value := value.(type) {
	case map[string]any:
		object := vm.NewObject()
		for name, member := range value {
			_ = object.Set(name, importValue(vm, member)) // a fresh object takes every member
		}
		return object
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = importValue(vm, item)
		}
		return vm.NewArray(items...)
	}
	return vm.ToValue(value)
}
