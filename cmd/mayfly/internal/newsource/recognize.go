package newsource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mayfly/cmd/mayfly/internal/newsource/clue"
	"mayfly/transform"
	"mayfly/transform/mapping"
)

// recognize writes detect, hints and envelope.
func (b *builder) recognize(ctx context.Context, body any) {
	if b.path != "" {
		b.note("detect", "the device is in the path, which /api/ingest does not have: send to "+b.path, false)
		return
	}
	object, prefix := body, ""
	if list, ok := body.([]any); ok && objects(list) {
		object, prefix = shared(list), ".[0]"
	}
	root, ok := object.(map[string]any)
	if ok && idKeys(root) {
		root, _ = shared(slices.Collect(maps.Values(root))).(map[string]any)
		prefix = "to_entries[0].value"
	}
	if !ok || len(root) == 0 {
		b.note("detect", "the body has no names by which /api/ingest could recognize it: send it to /api/"+b.name,
			false)
		return
	}
	var names []string
	for _, name := range b.distinctive(root) {
		names = append(names, name)
		b.detect = condition(prefix, names, root)
		if len(names) >= 3 && len(b.others(ctx)) == 0 {
			break
		}
	}
	if like := b.others(ctx); len(like) > 0 {
		b.note("detect", "bodies of "+strings.Join(like, ", ")+" have the same members: /api/ingest does not "+
			"recognize "+
			"this sender, send to /api/"+b.name, true)
		b.detect = ""
		return
	}
	weak := true
	for _, name := range names {
		weak = weak && clue.IsCommon(name)
	}
	b.hints = []string{slices.MaxFunc(names, func(a, c string) int { return clue.Rarity(a) - clue.Rarity(c) })}
	others := []string{}
	if weak {
		others = append(others, "leave detect out, and send to /api/"+b.name)
	}
	b.note("detect", "bodies with "+strings.Join(names, ", "), weak, others...)
	if len(b.shape.steps) == 0 && len(b.shape.prelude) == 0 {
		b.envelope = clue.Has(names[:1])
		b.expects = fmt.Sprintf("a report of %s, with %q", title(b.name), names[0])
	}
}

// shared is an object with the members that all objects of a list have.
func shared(list []any) any {
	all, _ := merged(list).(map[string]any)
	for _, e := range list {
		object, _ := e.(map[string]any)
		maps.DeleteFunc(all, func(name string, _ any) bool { _, ok := object[name]; return !ok })
	}
	return all
}

// distinctive lists names, that of the device first and then the rarest.
func (b *builder) distinctive(root map[string]any) []string {
	names := slices.Sorted(maps.Keys(root))
	names = slices.DeleteFunc(names, func(name string) bool {
		return root[name] == nil || clue.IsSecret(name, root[name])
	})
	slices.SortStableFunc(names, func(a, c string) int { return clue.Rarity(c) - clue.Rarity(a) })
	for i, name := range names {
		if strings.HasPrefix(b.deviceID, clue.Path([]string{name})) && len(b.shape.steps) == 0 {
			names = slices.Insert(slices.Delete(names, i, i+1), 0, name)
			break
		}
	}
	const maxNames = 6
	return names[:min(len(names), maxNames)]
}

// condition writes what is true for a body with some members, and with those of the objects in them.
func condition(prefix string, names []string, root map[string]any) string {
	parts := []string{clue.Has(names)}
	for _, name := range names {
		if inner, ok := root[name].(map[string]any); ok && len(inner) > 0 && len(names) < 3 {
			parts = append(parts, fmt.Sprintf("(%s | %s)", clue.Path([]string{name}), clue.Has([]string{first(inner)})))
		}
	}
	own := strings.Join(parts, " and ")
	if prefix == "" {
		return own
	}
	kind := "object"
	if prefix == ".[0]" {
		kind = "array"
	}
	return fmt.Sprintf(`type == %q and (%s | %s)`, kind, prefix, own)
}

// others lists the sources whose samples detect holds for.
func (b *builder) others(ctx context.Context) (found []string) {
	mine, err := b.t.Compile(&transform.Definition{
		Name: b.name, Format: b.format, CSV: b.csv, Detect: mapping.Expr{Text: b.detect},
		DeviceID: mapping.Expr{Text: `"x"`}, Measurements: mapping.Expr{Text: "{a: 1}"},
	})
	if err != nil {
		return nil
	}
	for _, name := range b.t.SourceNames() {
		source, err := b.t.Source(name)
		if err != nil || source == nil || name == b.name {
			continue
		}
		for _, sample := range source.Samples {
			if mine.Detects(ctx, sample.Request.Request(name)) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// title is what people may call the sender.
func title(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}
