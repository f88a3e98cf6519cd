package xmltree_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/media/xmltree"
	"mayfly/transform/message"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for text, want := range map[string]any{
		"<a/>":                          object{"a": nil},
		"<a> x </a>":                    object{"a": "x"},
		`<a b="1">x</a>`:                object{"a": object{"@b": "1", "#text": "x"}},
		"<a><b>1</b><b>2</b><b/></a>":   object{"a": object{"b": []any{"1", "2", nil}}},
		`<n:a xmlns:n="u"><n:b/></n:a>`: object{"a": object{"b": nil}},
		"<?xml version='1.0'?><a>é</a>": object{"a": "é"},
		"<a><![CDATA[<b>]]>&amp;c</a>":  object{"a": "<b>&c"},
		"<a/><b/>":                      nil,
		"<a>":                           nil,
		"<!DOCTYPE a><a/>":              object{"a": nil},
		`<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>`:          object{"a": nil},
		`<!DOCTYPE a [<!ENTITY b "c">]><a/>`:                        nil,
		`<!DOCTYPE a SYSTEM "a.dtd" [<!ENTITY b SYSTEM "/f">]><a/>`: nil,
		"<a/><!DOCTYPE a>":         nil,
		"<!ENTITY b 'c'><a/>":      nil,
		"<!DOCTYPE a><a>&b;</a>":   nil,
		"text":                     nil,
		strings.Repeat("<a>", 101): nil,
		"<a>&undefined;</a>":       nil,
		"<a b='1' b='2'></c>":      nil,
		"<r>" + strings.Repeat("<a/>", message.MaxContainers) + "</r>": nil,
	} {
		got, err := xmltree.Decode([]byte(text), new(message.Request).Meter())
		if (err == nil) != (want != nil) || err == nil && !cmp.Equal(want, got) {
			t.Errorf("%.40s: %v, %v, want %v", text, got, err, want)
		}
	}
}
