package function

import "reflect"

// Variable is one row of the configuration table.
type Variable struct{ Name, Default, Doc string }

// Variables lists what the environment may say.
func Variables() []Variable {
	var list []Variable
	for f := range reflect.TypeFor[Config]().Fields() {
		if name := f.Tag.Get("env"); name != "" {
			list = append(list, Variable{Name: name, Default: f.Tag.Get("envDefault"), Doc: f.Tag.Get("doc")})
		}
	}
	return list
}
