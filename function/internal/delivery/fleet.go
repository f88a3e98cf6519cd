package delivery

import (
	"time"

	"mayfly/dps"
	"mayfly/function/internal/delivery/credentials"
	"mayfly/httpsend"
)

// fleet is all that Mayfly knows of the devices of one DPS instance. Nothing in
// it is shared with another fleet but the connections, which hold no identity.
type fleet struct {
	measured
	modelID     string // of devices that name none
	provisioner *dps.Provisioner
	hub         *httpsend.Client
	hint        *hint
	credentials *credentials.Set
	dedup       *deduplicator
	now         func() time.Time
}

func newFleet(name string, f *Fleet, o *Options) *fleet {
	return &fleet{
		measured: newMeasured(name, o.Metrics),
		modelID:  f.ModelID,
		provisioner: dps.NewProvisioner(&dps.Client{
			IDScope: f.IDScope, Endpoint: f.DPSEndpoint, Transport: o.DPS, Now: o.Now, UserAgent: o.UserAgent,
			AcceptHub: o.AcceptHub, Observe: o.DPSCall,
		}, dps.Options{}),
		hub:         &httpsend.Client{Transport: o.Hub, Now: o.Now, UserAgent: o.UserAgent, Observe: o.HubCall},
		hint:        newHint(f.HubHint),
		dedup:       newDeduplicator(o.DedupWindow, name, o.State),
		now:         o.Now,
		credentials: credentials.New(&f.Credentials, o.Secrets),
	}
}
