package completion

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Files is a suggestion that stands for the names of files.
const Files = ":files"

// Suggestion is a word that can be typed next.
type Suggestion struct {
	Text string
	Help string // one line, or empty
}

// Suggest returns what the last of words can become. Words are what was typed after the name of the program; the last
// one may be empty. Lists has the values for complete tags other than "file".
func Suggest(app *kong.Application, words []string, lists map[string]func() []string) []Suggestion {
	if len(words) == 0 {
		words = []string{""}
	}
	c := &completer{node: app.Node, lists: lists}
	before, last := words[:len(words)-1], words[len(words)-1]
	for _, word := range before {
		c.take(word)
	}
	return c.suggest(last)
}

// completer follows the words of a command line through the model.
type completer struct {
	node     *kong.Node
	lists    map[string]func() []string
	pending  *kong.Flag // whose value is the next word
	args     int        // positional arguments so far
	argsOnly bool       // after --
}

// take processes a word that is complete.
func (c *completer) take(word string) {
	switch {
	case c.pending != nil:
		// bash splits --flag=value into three words.
		if word != "=" {
			c.pending = nil
		}
	case word == "=":
	case c.argsOnly:
		c.args++
	case word == "--":
		c.argsOnly = true
	case strings.HasPrefix(word, "-") && word != "-":
		name, _, hasValue := strings.Cut(word, "=")
		if flag := c.flag(name); flag != nil && !flag.IsBool() && !hasValue {
			c.pending = flag
		}
	default:
		if child := c.child(word); child != nil {
			c.node, c.args = child, 0
			return
		}
		c.args++
	}
}

// suggest completes the last word.
func (c *completer) suggest(word string) []Suggestion {
	if c.pending != nil {
		return c.values(c.pending.Value, strings.TrimPrefix(word, "="), "")
	}
	if strings.HasPrefix(word, "-") && !c.argsOnly {
		if name, value, ok := strings.Cut(word, "="); ok {
			if flag := c.flag(name); flag != nil {
				return c.values(flag.Value, value, name+"=")
			}
			return nil
		}
		return matching(c.flags(), word)
	}
	if commands := c.commands(); len(commands) > 0 && !c.argsOnly {
		return matching(commands, word)
	}
	if arg := c.positional(); arg != nil {
		return c.values(arg, word, "")
	}
	return nil
}

func (c *completer) flag(name string) *kong.Flag {
	for _, group := range c.node.AllFlags(false) {
		for _, flag := range group {
			if name == "--"+flag.Name || flag.Short != 0 && name == "-"+string(flag.Short) {
				return flag
			}
		}
	}
	return nil
}

func (c *completer) flags() []Suggestion {
	var out []Suggestion
	for _, group := range c.node.AllFlags(true) {
		for _, flag := range group {
			out = append(out, Suggestion{"--" + flag.Name, flag.Help})
		}
	}
	return out
}

func (c *completer) child(name string) *kong.Node {
	for _, child := range c.node.Children {
		if child.Type == kong.CommandNode && (child.Name == name || slices.Contains(child.Aliases, name)) {
			return child
		}
	}
	return nil
}

func (c *completer) commands() []Suggestion {
	var out []Suggestion
	for _, child := range c.node.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			out = append(out, Suggestion{child.Name, child.Help})
		}
	}
	return out
}

// positional returns the argument that the next word is for. The last one may be repeated.
func (c *completer) positional() *kong.Value {
	args := c.node.Positional
	switch {
	case c.args < len(args):
		return args[c.args]
	case len(args) > 0 && args[len(args)-1].IsCumulative():
		return args[len(args)-1]
	}
	return nil
}

// values returns the values that a flag or an argument can have.
func (c *completer) values(v *kong.Value, word, prefix string) []Suggestion {
	var texts []string
	switch list := v.Tag.Get("complete"); {
	case v.Enum != "":
		texts = v.EnumSlice()
	case list == "file":
		return []Suggestion{{Text: Files}}
	case c.lists[list] != nil:
		texts = c.lists[list]()
	}
	var out []Suggestion
	for _, text := range texts {
		out = append(out, Suggestion{Text: text})
	}
	out = matching(out, word)
	for i := range out {
		out[i].Text = prefix + out[i].Text
	}
	return out
}

func matching(list []Suggestion, prefix string) []Suggestion {
	return slices.DeleteFunc(list, func(s Suggestion) bool { return !strings.HasPrefix(s.Text, prefix) })
}
