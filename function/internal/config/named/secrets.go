package named

import (
	"reflect"

	"mayfly/internal/secret"
)

// EachSecret visits the secrets in a value.
func EachSecret(v reflect.Value, visit func(*secret.Text)) {
	if v.CanAddr() {
		if text, ok := reflect.TypeAssert[*secret.Text](v.Addr()); ok {
			visit(text)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			EachSecret(v.Elem(), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				EachSecret(v.Field(i), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			EachSecret(v.Index(i), visit)
		}
	case reflect.Map:
		if v.Type().Elem() != reflect.TypeFor[secret.Text]() {
			return
		}
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem() // what is in a map cannot be set
			value.Set(v.MapIndex(key))
			EachSecret(value, visit)
			v.SetMapIndex(key, value)
		}
	default:
	}
}
