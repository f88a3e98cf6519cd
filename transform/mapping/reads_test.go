package mapping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayfly/transform/mapping"
)

// An expression reads the parts of $request that it names, and all where it does not.
func TestRequestParts(t *testing.T) {
	t.Parallel()
	type parts = []mapping.RequestPart
	for text, want := range map[string]parts{
		`.id`:                             nil,
		`"$request.query.id"`:             nil,
		`$request.query.id`:               {{"query", "id"}},
		`$request.query["id"] // .id`:     {{"query", "id"}},
		`$request.query."id"`:             {{"query", "id"}},
		`$request["query"].id`:            {{"query", "id"}},
		`$request.headers["X-Device"]`:    {{"headers", "x-device"}},
		`$request.query | keys`:           {{"query", ""}},
		`$request.query[.name]`:           {{"query", ""}},
		`$request.query["\(.a)"]`:         {{"query", ""}},
		`$request | .query.id`:            {{"", ""}},
		`$request as {query: $q} | $q.id`: {{"", ""}},
		`$request[.part]`:                 {{"", ""}},
		`$request.path | split("/")[-1]`:  {{"path", ""}},
		`if $request.method == "GET" then 1 else $request.query.n end`: {{"method", ""}, {"query", "n"}},
		`def f: $request.query.id; {a: [f, (.b | f)], "c\($request.path)": 1}`: {
			{"query", "id"}, {"path", ""},
		},
		`[.[] | select(.id == $request.query.id)]`:    {{"query", "id"}},
		`reduce .[] as $x ($request.query.n; . + $x)`: {{"query", "n"}},
		`try error($request.query.a) catch $request.headers.b`: {
			{"query", "a"}, {"headers", "b"},
		},
		`.a[$request.query.i]?`:         {{"query", "i"}},
		`$request.query.id | $request.`: nil, // is not an expression
	} {
		if diff := cmp.Diff(want, mapping.RequestParts(mapping.Expr{Text: text})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
