package credential

import "mayfly/internal/jsonscan"

// Named reports whether a JSON object says by a member of its own that its value carries a credential, as in
// {"name": "token", "value": "..."}.
func Named(object []byte) bool {
	it := jsonscan.Members(object)
	for it.Next() {
		switch it.NameText() {
		case "name", "key", "n", "k", "field", "parameter", "param", "metric", "variable", "label":
			if name, ok := jsonscan.Text(it.Value); ok && Known(name) {
				return true
			}
		}
	}
	return false
}

// IsValue reports whether a member of such an object is the value: value, vs and the like.
func IsValue(name string) bool {
	switch name {
	case "value", "val", "v", "vs", "vd", "text", "data":
		return true
	}
	return false
}
