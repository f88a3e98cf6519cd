package config

import (
	"cmp"
	_ "time/tzdata" // zones of sources; an image may have none

	"github.com/goccy/go-yaml"

	"mayfly/function/internal/queue"
	"mayfly/internal/settings"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/reduce"
	"mayfly/transform/template"
)

// Source is a source of the configuration file: its mapping, and who may send
// to it.
type Source struct {
	transform.Definition `yaml:",inline"`

	Template  *template.Policy `yaml:"template"`  // likewise, for this source
	Enrich    []enrich.Step    `yaml:"enrich"`    // what is added to its messages, before the fleet's and the file's
	Reduce    *reduce.Spec     `yaml:"reduce"`    // likewise, for its readings
	Durable   queue.Mode       `yaml:"durable"`   // which of its messages are queued, where QUEUE is set
	AllowFrom []string         `yaml:"allowFrom"` // networks; everywhere when left out

	pattern string // of files of which each holds a source; nothing else is set then
}

// ParseSource reads one source as it stands in the configuration file. Who may send
// to it is checked for its form alone.
func ParseSource(text []byte) (*Source, error) {
	s := &Source{}
	if err := settings.Read(text, s, yaml.Strict()); err != nil {
		return nil, err
	}
	return s, nil
}

// mappings gives the sources without what is not the mapping's concern.
func mappings(specs []Source) []transform.Definition {
	list := make([]transform.Definition, len(specs))
	for i := range specs {
		list[i] = specs[i].Definition
	}
	return list
}

// adopt takes back the definitions, whose names and methods may have come from
// the sources that they change, and hands networks and the like down likewise.
func adopt(specs []Source, list []transform.Definition) {
	for i := range specs {
		s := &specs[i]
		s.Definition = list[i]
		for j := range i {
			if base := &specs[j]; base.Name == s.From {
				if s.Template == nil {
					s.Template = base.Template
				}
				if s.Enrich == nil {
					s.Enrich = base.Enrich
				}
				if s.Reduce == nil {
					s.Reduce = base.Reduce
				}
				s.Durable = cmp.Or(s.Durable, base.Durable)
				if s.AllowFrom == nil {
					s.AllowFrom = base.AllowFrom
				}
				break
			}
		}
	}
}
