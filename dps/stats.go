package dps

// Stats are the sizes of what a Provisioner remembers. Entries that have expired count as long as they take room.
type Stats struct {
	Assignments int // of devices
	Refusals    int // which are not tried again for Options.RefusalTTL
	Pending     int // registrations that outlived the one who asked
	Checked     int // devices of silent hubs that were looked up
}

// Stats gives the sizes as they are now. It is safe for concurrent use.
func (p *Provisioner) Stats() Stats {
	return Stats{p.assigned.Len(), p.refused.Len(), p.pending.Len(), p.checked.Len()}
}
