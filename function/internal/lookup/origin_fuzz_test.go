package lookup

import (
	"errors"
	"testing"

	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Where the start accepts the jq of a URL, no value takes a request to another host: what is found out by looking at
// the text is true of all that it gives.
func FuzzURL(f *testing.F) {
	for _, text := range []string{
		`@uri "https://h.example/\(.)"`, `"https://h.example/\(.)"`, `"https://h.example?q=\(.)"`,
		`"https://h.example" + "/" + .`, `. as $x | "https://h.example/" + $x`, `"https://h.example:8443/#\(.)"`,
		`("https://h.example/") + .`, `"https://h.example\(.)"`, `"https://\(.)"`, `"https://h.example@\(.)/"`,
		`"https:\(.)"`, `"https://h.example\\\(.)/"`, `def f: "https://h.example/"; f + .`, `. | "https://[::1]/\(.)"`,
	} {
		for _, value := range []string{"a", "@evil/", ".evil", "../x", "\\evil", "//evil", "%2f", ":80@e"} {
			f.Add(text, value)
		}
	}
	language := mapping.NewLanguage(message.Zone{})
	f.Fuzz(func(t *testing.T, text, value string) {
		found, _, err := originOf(text)
		if err != nil {
			return
		}
		e, wrong := language.Compile("url", mapping.Expr{Text: text}, nil)
		if wrong != nil || e == nil {
			return
		}
		run := mapping.NewRun(t.Context(), nil)
		defer run.Done()
		whole, err := run.Text(e, value)
		if err != nil || whole == "" {
			return
		}
		u, err := found.check(whole)
		if errors.Is(err, errOtherHost) || err == nil && originOfURL(u) != found {
			t.Errorf("%s gives %s for %q, not %s", text, whole, value, found)
		}
		made := templateOf(text, func(part string) *mapping.Expression {
			e, _ := language.Compile("url", mapping.Expr{Text: part}, nil)
			return e
		})
		if made == nil {
			return
		}
		if filled, err := made.fill(run, value); err == nil && filled != "" && filled != whole {
			t.Errorf("%s: the template gives %s, jq %s", text, filled, whole)
		}
	})
}
