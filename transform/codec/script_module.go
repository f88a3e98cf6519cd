package codec

import "github.com/dop251/goja"

// defineModule gives a script what CommonJS modules find.
func defineModule(vm *goja.Runtime) error {
	_, err := vm.RunString(`var module = {exports: {}}, exports = module.exports, global = globalThis, self = globalThis;
		function require(name) {
			if (/^(node:)?buffer$/.test(name)) return {Buffer: globalThis.Buffer};
			if (/^(node:)?util$/.test(name)) return {TextEncoder: globalThis.TextEncoder, TextDecoder: globalThis.TextDecoder};
			throw new Error("no such module: " + name);
		}`)
	return err
}

// exported adds the entry points that a module exports.
func exported(vm *goja.Runtime, found *entryPoints) {
	module, _ := vm.Get("module").(*goja.Object)
	if module == nil {
		return
	}
	exports, _ := module.Get("exports").(*goja.Object)
	if exports == nil {
		return
	}
	methods(exports, found)
	if call, ok := goja.AssertFunction(exports); ok && !found.decode() {
		found[decodeUplink] = call
	}
}

// methods adds the entry points that an object has.
func methods(owner *goja.Object, found *entryPoints) {
	for i, name := range entryNames {
		if call, ok := goja.AssertFunction(owner.Get(name)); ok && found[i] == nil {
			found[i] = call
		}
	}
}

// bundled looks for the entry points where bundlers leave them: in an object
// that is a global variable ("library") or an export ("default").
func bundled(vm *goja.Runtime, found *entryPoints) {
	owners := []*goja.Object{vm.GlobalObject()}
	if module, ok := vm.Get("module").(*goja.Object); ok {
		if exports, ok := module.Get("exports").(*goja.Object); ok {
			owners = append(owners, exports)
		}
	}
	for _, owner := range owners {
		for _, name := range owner.Keys() {
			if object, ok := owner.Get(name).(*goja.Object); ok {
				if methods(object, found); found.decode() {
					return
				}
			}
		}
	}
}
