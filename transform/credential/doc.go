// Package credential finds the members of measurements that carry a credential of their sender, such as api_key,
// token or password: firmware that can show its key nowhere else writes it beside its readings, and it must not reach
// the hub as one of them.
//
// It goes by names alone. Whether a member was meant to be a reading is what the caller knows. Start at Without.
package credential
