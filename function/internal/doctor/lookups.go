package doctor

import (
	"context"
	"errors"

	"mayfly/function/internal/lookup"
)

// lookups tries whether the hosts of the look-ups can be reached. No key goes there.
func (e *examination) lookups(ctx context.Context) {
	for _, d := range e.config.Lookups {
		name := "look-up " + d.Name
		probe, cancel := context.WithTimeout(ctx, stepTimeout)
		err := d.Probe(probe)
		cancel()
		if err == nil {
			e.ok(name, "%s answers", d.Host())
			continue
		}
		failed, ok := errors.AsType[*lookup.Error](err)
		switch {
		case ok && failed.Kind == lookup.NotAllowed:
			e.fault(name, d.Host()+" "+failed.Kind.Error(), "set allow: private in the look-up, if that is meant")
		case ok:
			detail, remedy := explainConnection(failed.Err, d.Host(), "url of the look-up")
			e.fault(name, detail, remedy)
		default:
			e.fault(name, err.Error(), "look at url of the look-up")
		}
	}
}
