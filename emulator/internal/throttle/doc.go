// Package throttle has Azure's limits as token buckets: those of DPS refuse, those of a hub first make the caller wait
// and refuse when the wait would be too long; a hub also counts against a daily quota.
//
// It knows numbers and times only. What a refusal looks like on the wire is decided by packages dps and hub; the time
// is always given by the caller. Start reading at [Bucket].
package throttle
