package plan

import (
	"maps"
	"slices"
)

func toEntries(in any, _ []any) (any, error) {
	switch in := in.(type) {
	case map[string]any:
		out := make([]any, 0, len(in))
		for _, name := range sortedKeys(in) {
			out = append(out, map[string]any{"key": name, "value": in[name]})
		}
		return out, nil
	case []any:
		out := make([]any, len(in))
		for i, value := range in {
			out[i] = map[string]any{"key": i, "value": value}
		}
		return out, nil
	}
	return nil, errBeyond
}

// transpose makes columns of rows; a row that is short has nulls.
func transpose(in any, _ []any) (any, error) {
	rows, ok := in.([]any)
	if !ok {
		return nil, errBeyond
	}
	width := 0
	for _, row := range rows {
		row, ok := row.([]any)
		if !ok {
			return nil, errBeyond
		}
		width = max(width, len(row))
	}
	if width*len(rows) > maxValues {
		return nil, errBeyond // short rows can make much of little
	}
	out := make([]any, width)
	for i := range out {
		column := make([]any, len(rows))
		for j, row := range rows {
			if row, _ := row.([]any); i < len(row) {
				column[j] = row[i]
			}
		}
		out[i] = column
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
	own := false // total is not part of the input: it grows in place, or n elements would cost n copies
	for _, element := range list {
		switch t := total.(type) {
		case map[string]any:
			if x, ok := element.(map[string]any); ok {
				if !own {
					t, own = maps.Clone(t), true
				}
				maps.Copy(t, x)
				total = t
				continue
			}
		case []any:
			if x, ok := element.([]any); ok {
				if !own {
					t, own = slices.Clip(t), true
				}
				t = append(t, x...)
				total = t
				continue
			}
		case string:
			return nil, errBeyond // gojq builds texts
		}
		var err error
		if total, err = add(total, element); err != nil {
			return nil, err
		}
	}
	return total, nil
}
