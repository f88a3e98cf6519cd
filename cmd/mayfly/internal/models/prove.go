package models

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mayfly/transform"
	"mayfly/transform/template"
)

// Prover proves that the messages of samples fit the device templates that the samples name.
type Prover struct {
	Folder string        // of the configuration file
	Set    *template.Set // of the configuration; may be nil

	files map[string]*Collection // by path
}

// Prove tells what is wrong with the messages of a sample, one line each, as a policy of require would refuse it.
// Telemetry that the model does not have is no fault then: it is among the notes. A sample without a model has none.
func (p *Prover) Prove(model string, messages []transform.SampleMessage) (wrong, notes []string) {
	if model == "" {
		return nil, nil
	}
	set, id, err := p.find(model)
	if err != nil {
		return []string{fmt.Sprintf("model: %v", err)}, nil
	}
	for i, m := range messages {
		prefix := ""
		if len(messages) > 1 {
			prefix = fmt.Sprintf("[%d]", i)
		}
		if id == "" { // the file has several models
			if id = m.ModelID; set.Model(id) == nil {
				wrong = append(wrong, fmt.Sprintf("%smodel: %s has several models, and the message names none of them",
					prefix, model))
				return wrong, notes
			}
		}
		result, err := set.Fit(template.Input{ModelID: id, Component: m.Component, Body: []byte(m.Body)},
			template.Policy{Mode: template.Require})
		findings := result.Findings
		lines := &notes
		if mismatch, ok := errors.AsType[*template.Mismatch](err); ok {
			findings, lines = mismatch.Findings, &wrong
		}
		for _, f := range findings {
			*lines = append(*lines, fmt.Sprintf("%sbody.%s does not fit %s: %s", prefix, f.Path, id, f.Hint))
		}
	}
	return wrong, notes
}

// find finds a model by its DTMI, or that of a file.
func (p *Prover) find(model string) (*template.Set, string, error) {
	if strings.HasPrefix(model, "dtmi:") {
		if p.Set.Model(model) == nil {
			return nil, "", fmt.Errorf("there is no %s among the templates of the file", model)
		}
		return p.Set, model, nil
	}
	path := model
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.Folder, path)
	}
	read := p.files[path]
	if read == nil {
		var err error
		if read, err = Read([]string{path}); err != nil {
			return nil, "", err
		}
		if p.files == nil {
			p.files = map[string]*Collection{}
		}
		p.files[path] = read
	}
	f := read.Files[0]
	switch {
	case len(f.Faults) > 0:
		return nil, "", f.Faults
	case len(f.Roots) == 1:
		return read.Set, f.Roots[0], nil
	}
	return read.Set, "", nil
}
