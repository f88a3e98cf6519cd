package arm

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var apiVersion = regexp.MustCompile(`^20\d\d-\d\d-\d\d(-preview)?$`)

// Check looks at the template as it stands, whatever the parameters are: functions
// that are not known, names that are not declared, parameters and variables that
// nothing uses, and secrets in outputs.
func (t *Template) Check() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	used := map[string]bool{}
	for _, e := range t.expressions {
		Walk(e.node, func(n Node) {
			call, ok := n.(Call)
			if !ok {
				return
			}
			if _, err := lookup(call); err != nil {
				report("%s: %w", e.path, err)
				return
			}
			switch call.Function {
			case "parameters", "variables":
				name, ok := call.Arguments[0].(string)
				if !ok {
					report("%s: the name in %s() is not a literal", e.path, call.Function)
					return
				}
				used[call.Function+" "+name] = true
				if !t.declares(call.Function, name) {
					report("%s: %s has no %s", e.path, call.Function, name)
				}
			case "reference", "listKeys":
				if strings.HasPrefix(e.path, "/variables/") || strings.HasPrefix(e.path, "/parameters/") {
					report("%s: %s() is only known while resources are deployed", e.path, call.Function)
				}
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		if !used["parameters "+name] {
			report("parameter %s is not used", name)
		}
		if t.Parameters[name].Metadata["description"] == nil {
			report("parameter %s has no description", name)
		}
		if p := t.Parameters[name]; p.Secret() && p.DefaultValue != nil && p.DefaultValue != "" {
			report("parameter %s is a secret with a default", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Variables)) {
		if !used["variables "+name] {
			report("variable %s is not used", name)
		}
	}
	for _, r := range t.Resources {
		if !apiVersion.MatchString(r.APIVersion) {
			report("%s: apiVersion %q is not one", r.Type, r.APIVersion)
		}
	}
	for _, e := range t.expressions {
		if strings.HasPrefix(e.path, "/outputs/") && t.secret(e.node, map[string]bool{}) {
			report("%s tells a secret", e.path)
		}
	}
	return errors.Join(errs...)
}

func (t *Template) declares(kind, name string) bool {
	if kind == "parameters" {
		_, ok := t.Parameters[name]
		return ok
	}
	_, ok := t.Variables[name]
	return ok
}

// secret tells whether a secret may be in what a node evaluates to. Secrets are
// secure parameters, and what functions named list... and a Key Vault tell.
func (t *Template) secret(node Node, seen map[string]bool) bool {
	found := false
	Walk(node, func(n Node) {
		call, ok := n.(Call)
		if !ok || found {
			return
		}
		name := ""
		if len(call.Arguments) > 0 {
			name, _ = call.Arguments[0].(string)
		}
		switch {
		case strings.HasPrefix(call.Function, "list"):
			found = true
		case call.Function == "parameters":
			found = t.Parameters[name].Secret()
		case call.Function == "variables" && !seen[name]:
			seen[name] = true
			walkStrings("", t.Variables[name], func(_, s string) {
				if !IsExpression(s) {
					return
				}
				if inner, err := ParseExpression(s); err == nil {
					found = found || t.secret(inner, seen)
				}
			})
		}
	})
	return found
}

// ID gives the id of a resource that Resolve gave.
func (r Resource) ID() (string, error) {
	root := group
	if r.Scope != "" {
		parts := strings.SplitN(r.Scope, "/", 3)
		if len(parts) != 3 {
			return "", fmt.Errorf("scope %s is not a resource", r.Scope)
		}
		kind, names := parts[0], []string(nil)
		for i, part := range strings.Split(parts[1]+"/"+parts[2], "/") {
			if i%2 == 0 {
				kind += "/" + part
			} else {
				names = append(names, part)
			}
		}
		var err error
		if root, err = joinID(group, kind, names); err != nil {
			return "", err
		}
	}
	return joinID(root, r.Type, strings.Split(r.Name, "/"))
}

var references = regexp.MustCompile(`\b(?:reference|listKeys)\(([^)]+)\)`)

// Check looks at a deployment: every resource once, every dependency on one of the
// template, and a dependency wherever a resource uses another or lies in it. Of all
// names the ids of resources that a condition left out.
func (d *Deployment) Check(all map[string]bool) error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	graph := map[string][]string{}
	for _, r := range d.Resources {
		id, err := r.ID()
		if err != nil {
			report("%s: %w", r.Type, err)
			continue
		}
		if _, ok := graph[id]; ok {
			report("%s comes twice", id)
		}
		graph[id] = r.DependsOn
		for _, dependency := range r.DependsOn {
			if !all[dependency] {
				report("%s depends on %s, which is not of this template", id, dependency)
			}
		}
	}
	for _, r := range d.Resources {
		id, err := r.ID()
		if err != nil {
			continue
		}
		for _, needed := range r.needs(id) {
			if _, ok := graph[needed]; !ok {
				report("%s uses %s, which is not deployed", id, needed)
			} else if !reaches(graph, id, needed, map[string]bool{}) {
				report("%s uses %s and does not depend on it", id, needed)
			}
		}
		if reaches(graph, id, id, map[string]bool{}) {
			report("%s depends on itself", id)
		}
	}
	return errors.Join(errs...)
}

// needs lists what has to be deployed before: what is referred to, what the resource
// lies in, and what it extends.
func (r Resource) needs(id string) []string {
	var out []string
	tree, err := plain(r)
	if err != nil {
		return nil
	}
	walkStrings("", tree, func(_, s string) {
		for _, match := range references.FindAllStringSubmatch(s, -1) {
			// A key of a hub is not a resource of its own.
			target, _, _ := strings.Cut(match[1], "/IotHubKeys/")
			out = append(out, target)
		}
	})
	if strings.Contains(r.Name, "/") {
		out = append(out, id[:strings.LastIndex(id[:strings.LastIndex(id, "/")], "/")])
	}
	if r.Scope != "" {
		out = append(out, id[:strings.LastIndex(id, "/providers/")])
	}
	return out
}

// reaches tells whether a chain of dependencies leads from one resource to another.
func reaches(graph map[string][]string, from, to string, seen map[string]bool) bool {
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, next := range graph[from] {
		if next == to || reaches(graph, next, to, seen) {
			return true
		}
	}
	return false
}
