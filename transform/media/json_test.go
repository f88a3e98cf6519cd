package media

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"mayfly/transform/message"
)

// FuzzJSON holds the scanner to what encoding/json reads, whether it makes values
// or only cuts them.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.50e+3,true,false,null,"\u00e9\"\\",{}],"b":{},"":""}`, `[]`, `"x"`, `0`, `-`, `01`, `1.`, `{"a":1,}`, `[1,]`, `nul`,
		"\"\x01\"", "\"\xff\"", `"\ud800"`, `"\x"`, `"\u12"`, "\"\\", `{"a":1}{"b":2}`, "{}\n[1]", `[1][2]`, ` 1 `, `{"a":1,"a":2}`,
		"\xef\xbb\xbf{}", strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[", 101) + strings.Repeat("]", 101),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		items, cutErr := strictMessages(&message.Request{}, body)
		got, err := strictJSON(body, true, budget{})
		if (err == nil) != (cutErr == nil) {
			t.Fatalf("%q: decoded: %v, cut: %v", body, err, cutErr)
		}
		want, wantErr := standardJSON(body)
		if err != nil {
			bad, ok := errors.AsType[*message.Error](err)
			limit := ok && (strings.Contains(bad.Detail, "nested deeper") || strings.Contains(bad.Detail, "too many") ||
				strings.Contains(bad.Detail, "not UTF-8") || strings.Contains(bad.Detail, "no message") || strings.Contains(bad.Detail, "is empty"))
			if wantErr == nil && !limit {
				t.Fatalf("%q is JSON, got %v", body, err)
			}
			return
		}
		if wantErr != nil {
			t.Fatalf("%q is not JSON: %v", body, wantErr)
		}
		if !reflect.DeepEqual(got, want) { // cmp takes exponential time for what is nested deep
			t.Fatalf("%q: got %v, want %v", body, got, want)
		}
		for i, item := range items {
			var one any
			decoder := json.NewDecoder(bytes.NewReader(item))
			decoder.UseNumber()
			if err := decoder.Decode(&one); err != nil || !reflect.DeepEqual(one, want[i]) {
				t.Fatalf("%q: item %d is %s, %v", body, i, item, err)
			}
		}
	})
}

// standardJSON reads values one after another, or the elements of an array, by
// encoding/json.
func standardJSON(body []byte) ([]any, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var values []any
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	if len(values) > 0 {
		if list, ok := values[0].([]any); ok {
			if len(values) > 1 {
				return nil, errors.New("more follows after the array")
			}
			return list, nil
		}
	}
	return values, nil
}
