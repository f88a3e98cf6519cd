package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"mayfly/cmd/mayfly/internal/pack"
	"mayfly/function"
)

// packCommand copies what has to be uploaded.
type packCommand struct {
	Folder    string `arg:"" complete:"file" help:"Where the package goes; what lies there stays."`
	Config    string `complete:"file" help:"Configuration file; by default CONFIG, or else mayfly.yaml."`
	Binary    string `placeholder:"FILE" complete:"file" help:"The program; ./bootstrap if FOLDER has none."`
	Functions bool   `help:"Add host.json and the functions of this folder, for Azure Functions."`
}

// Help is the long help of the command.
func (packCommand) Help() string {
	return `Copies into a folder what the bridge needs to start from there: the program, the
configuration file as mayfly.yaml, and every file that it names (expressions, codecs,
tables, templates, public keys), each at its place. A symbolic link becomes the file
that it leads to. Keys and files of the environment are never copied; a file outside of
the folder of the configuration file is refused. The same input makes the same bytes,
modes and times. A configuration with faults is not packed: see mayfly check.`
}

func (c *packCommand) Run(w *world) error {
	report := function.CheckFile(w.environ, cmp.Or(c.Config, w.getenv("CONFIG")), function.WithCodecs(w.codecs))
	if len(report.Faults) > 0 {
		return report.Faults
	}
	plan := &pack.Plan{}
	if err := c.addProgram(plan, w); err != nil {
		return err
	}
	if c.Functions {
		for _, name := range []string{"host.json", "function/function.json", "queue/function.json"} {
			plan.Add(pack.File{Name: name, Path: filepath.FromSlash(name)})
		}
	}
	if report.Found != "" {
		plan.Add(pack.File{Name: pack.Config, Path: report.Found})
	}
	for _, f := range report.Files {
		if f.Secret {
			_, _ = fmt.Fprintf(w.stderr, "not packed: %s is a key; %s has to find it where the bridge runs\n",
				f.Name, f.Member)
			continue
		}
		if taken(plan, f.Name) {
			return fmt.Errorf("%s: the package has another file of this name; give it another one", f.Name)
		}
		plan.Add(pack.File{Name: f.Name, Path: f.Path})
	}
	if report.Found != "" && pack.SameFolder(c.Folder, filepath.Dir(report.Found)) {
		return errors.New(c.Folder + " is the folder of the configuration file: name another one for the package")
	}
	if err := plan.Write(c.Folder); err != nil {
		return err
	}
	for _, f := range plan.Files {
		_, _ = fmt.Fprintln(w.stdout, filepath.Join(c.Folder, filepath.FromSlash(f.Name)))
	}
	return nil
}

// addProgram adds the program: the one that was named, else the one that the package
// has already, else the one of this folder.
func (c *packCommand) addProgram(plan *pack.Plan, w *world) error {
	there := filepath.Join(c.Folder, pack.Program)
	for _, candidate := range []string{c.Binary, there, pack.Program} {
		if candidate == "" {
			continue
		}
		if info, err := os.Stat(candidate); err == nil && info.Mode().IsRegular() {
			plan.Add(pack.File{Name: pack.Program, Path: candidate, Program: true})
			return nil
		}
		if candidate == c.Binary {
			return errors.New(c.Binary + " is not a program that can be read")
		}
	}
	_, _ = fmt.Fprintln(w.stderr,
		"not packed: there is no ./bootstrap; make build makes it, and --binary names another one")
	return nil
}

// taken tells whether a package has a file of a name that another one wants.
func taken(plan *pack.Plan, name string) bool {
	return slices.ContainsFunc(plan.Files, func(f pack.File) bool { return f.Name == name })
}
