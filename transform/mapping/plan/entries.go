package plan

// toEntries is for objects.
func toEntries(in any, _ []any) (any, error) {
	object, ok := in.(map[string]any)
	if !ok {
		return nil, errBeyond
	}
	out := make([]any, 0, len(object))
	for _, name := range sortedKeys(object) {
		out = append(out, map[string]any{"key": name, "value": object[name]})
	}
	return out, nil
}

// fromEntries is for objects that have a text as key, and a value; the other ways of
// writing them are gojq's.
func fromEntries(in any, _ []any) (any, error) {
	list, ok := in.([]any)
	if !ok {
		return nil, errBeyond
	}
	out := make(map[string]any, len(list))
	for _, element := range list {
		pair, ok := element.(map[string]any)
		key, isText := pair["key"].(string)
		value, has := pair["value"]
		if !ok || !isText || !has {
			return nil, errBeyond
		}
		out[key] = value
	}
	return out, nil
}

// sum is add over an array.
func sum(in any, _ []any) (any, error) {
	list, ok := in.([]any)
	if !ok {
		return nil, errBeyond
	}
	var total any
	for _, element := range list {
		var err error
		if total, err = add(total, element); err != nil {
			return nil, err
		}
	}
	return total, nil
}
