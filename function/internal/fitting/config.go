package fitting

import (
	"mayfly/function/internal/config"
	"mayfly/transform/template"
)

// Of makes what applies the device templates of a configuration; nil where there are none.
func Of(c *config.Config) *Fitter {
	fleets := make(map[string]Fleet, len(c.Fleets))
	for name, f := range c.Fleets {
		fleets[name] = Fleet{ModelID: f.ModelID, Policy: f.Template}
	}
	sources := map[string]*template.Policy{}
	for i := range c.Sources {
		sources[c.Sources[i].Name] = c.Sources[i].Template
	}
	return New(c.Templates, &Policies{Global: c.TemplatePolicy, Sources: sources, Fleets: fleets})
}
