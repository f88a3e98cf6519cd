package codec

import (
	"regexp"
	"slices"

	"github.com/dop251/goja"
)

// What can take much memory or time in one step, where no interrupt reaches it,
// is held to a size that no payload needs. Only what a script names is held,
// since every message has a fresh VM. A script that builds the names of methods
// from parts gets past this: the guard is against accidents and hostile
// payloads. Against hostile scripts there is the watch over time and memory.
var (
	heldAlways = []string{"repeat", "padStart", "padEnd", "fill", "join", "from", "ArrayBuffer",
		"Uint8Array", "Int8Array", "Uint8ClampedArray", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array",
		"Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"}
	// What walks over arrays that are long, but empty.
	heldLong = []string{"concat", "slice", "splice", "map", "filter", "forEach", "indexOf", "lastIndexOf",
		"includes", "every", "some",
		"reduce", "reduceRight", "find", "findIndex", "reverse", "sort", "flat", "flatMap", "copyWithin"}
	typedName = regexp.MustCompile(`Array$|^ArrayBuffer$`)
)

// maxHeld is the length that a text or an array may be given in one step.
const maxHeld = 1 << 20

// toHold gives those of a script's names that the guard is for.
func toHold(names map[string]bool) []string {
	missing := func(name string) bool { return !names[name] }
	held := slices.DeleteFunc(slices.Clone(heldAlways), missing)
	if names[makesLong] {
		held = append(held, "toString")
		held = append(held, slices.DeleteFunc(slices.Clone(heldLong), missing)...)
	}
	return held
}

// hold wraps what has these names in a VM.
func hold(vm *goja.Runtime, names []string) error {
	if len(names) == 0 {
		return nil
	}
	array := vm.Get("Array").ToObject(vm)
	arrays := array.Get("prototype").ToObject(vm)
	var texts *goja.Object
	for _, name := range names {
		var err error
		switch name {
		case "repeat", "padStart", "padEnd":
			if texts == nil {
				texts = vm.Get("String").ToObject(vm).Get("prototype").ToObject(vm)
			}
			err = holdMethod(vm, texts, name, func(call goja.FunctionCall) float64 {
				size := call.Argument(0).ToFloat()
				if name == "repeat" {
					size *= float64(len(call.This.String()))
				}
				return size
			})
		case "from":
			err = holdMethod(vm, array, name, func(call goja.FunctionCall) float64 { return scriptLength(call.Argument(0)) })
		default:
			if typedName.MatchString(name) {
				err = holdConstructor(vm, name)
				break
			}
			err = holdMethod(vm, arrays, name, func(call goja.FunctionCall) float64 { return scriptLength(call.This) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func holdMethod(vm *goja.Runtime, owner *goja.Object, name string, size func(goja.FunctionCall) float64) error {
	was, ok := goja.AssertFunction(owner.Get(name))
	if !ok {
		return nil
	}
	held := vm.ToValue(func(call goja.FunctionCall) goja.Value {
		holdSize(vm, size(call))
		result, err := was(call.This, call.Arguments...)
		if err != nil {
			panic(err)
		}
		return result
	})
	return owner.DefineDataProperty(name, held, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// holdConstructor is for the typed arrays. Its prototype is the native one, so
// that instanceof holds; its own prototype is the native constructor, so that
// from and of are found.
func holdConstructor(vm *goja.Runtime, name string) error {
	native := vm.Get(name).ToObject(vm)
	var held *goja.Object
	held = vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		first := call.Argument(0)
		if object, ok := first.(*goja.Object); ok {
			holdSize(vm, scriptLength(object))
		} else {
			holdSize(vm, first.ToFloat())
		}
		to := call.NewTarget
		if to == nil || to == held {
			to = native
		}
		made, err := vm.New(native, call.Arguments...)
		if err != nil {
			panic(err)
		}
		if to != native { // a class that extends it
			if err := made.SetPrototype(to.Get("prototype").ToObject(vm)); err != nil {
				panic(err)
			}
		}
		return made
	}).ToObject(vm)
	if err := held.SetPrototype(native); err != nil {
		return err
	}
	const no, yes = goja.FLAG_FALSE, goja.FLAG_TRUE
	if err := held.DefineDataProperty("prototype", native.Get("prototype"), no, no, no); err != nil {
		return err
	}
	if err := held.DefineDataProperty("name", vm.ToValue(name), no, yes, no); err != nil {
		return err
	}
	return vm.GlobalObject().DefineDataProperty(name, held, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func scriptLength(value goja.Value) float64 {
	if absent(value) {
		return 0
	}
	if object, ok := value.(*goja.Object); ok {
		if length := object.Get("length"); length != nil {
			return length.ToFloat()
		}
		return 0
	}
	return float64(len(value.String()))
}

func holdSize(vm *goja.Runtime, size float64) {
	if size > maxHeld {
		// What is thrown here a script can catch, as it can its own RangeErrors.
		thrown, err := vm.New(vm.Get("RangeError"), vm.ToValue("larger than a payload formatter may make"))
		if err != nil {
			panic(err)
		}
		panic(goja.Value(thrown))
	}
}
